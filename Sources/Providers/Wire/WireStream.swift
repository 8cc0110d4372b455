public import Chat

/// The stream of any wire on its way to the client: bytes go in as they arrive, events of chat completion chunks come out.
///
/// `[DONE]` is never among them: the caller writes it when the bill is committed.
public struct WireStream: Sendable {
    /// How the stream stands after some bytes.
    public typealias State = OpenAIStream.State
    /// How the stream ended.
    public typealias End = OpenAIStream.End

    // Exactly one of these is there. Side by side, and not the cases of an enum, because they are changed in place.
    private var passing: OpenAIStream?
    private var anthropic: TranslatedStream<AnthropicEvents>?
    private var gemini: TranslatedStream<GeminiEvents>?
    private var bedrock: TranslatedStream<BedrockEvents>?

    /// Makes the state of a stream of which nothing has arrived.
    /// - Parameter pricing: what the usage is priced with.
    public init(_ context: AnswerContext, pricing: Pricing) {
        switch context.wire {
        case .openai, .azure:
            passing = OpenAIStream(clientWantsUsage: context.wantsUsageChunk, pricing: pricing, choices: context.choices)
        case .anthropic: anthropic = TranslatedStream(AnthropicEvents(context), context, pricing)
        case .gemini: gemini = TranslatedStream(GeminiEvents(context), context, pricing)
        case .bedrock: bedrock = TranslatedStream(BedrockEvents(context), context, pricing)
        }
    }

    /// Takes the next bytes and appends to `out` what the client is to get of them.
    ///
    /// After `.failed` nothing of the offending event is in `out`, though good events before it may be.
    public mutating func feed(_ bytes: [UInt8], reader: JSONReader, into out: inout [UInt8]) -> State {
        bytes.withUnsafeBytes { bytes in
            passing?.feed(bytes, reader: reader, into: &out) ?? anthropic?.feed(bytes, reader: reader, into: &out)
                ?? gemini?.feed(bytes, reader: reader, into: &out) ?? bedrock?.feed(bytes, reader: reader, into: &out) ?? .open
        }
    }

    /// Takes note that no more bytes will come.
    public mutating func end(reader: JSONReader, into out: inout [UInt8]) -> End {
        passing?.end(reader: reader, into: &out) ?? anthropic?.end(reader: reader, into: &out) ?? gemini?.end(reader: reader, into: &out)
            ?? bedrock?.end(reader: reader, into: &out) ?? .truncated
    }

    /// The tokens used; `nil` as long as the provider reported none that are believed.
    public var usage: TokenUsage? { passing?.usage ?? anthropic?.usage ?? gemini?.usage ?? bedrock?.usage }

    /// Events that carried text, reasoning or tool arguments: a lower bound of the output tokens.
    public var contentEvents: Int {
        passing?.contentEvents ?? anthropic?.contentEvents ?? gemini?.contentEvents ?? bedrock?.contentEvents ?? 0
    }

    /// Bytes of their text.
    public var textBytes: Int {
        passing?.textBytes ?? anthropic?.textBytes ?? gemini?.textBytes ?? bedrock?.textBytes ?? 0
    }

    /// Whether the client asked for a usage that the provider never sent: the caller then appends one with `appendUsage`.
    public var lacksUsage: Bool { passing?.lacksUsage ?? anthropic?.lacksUsage ?? gemini?.lacksUsage ?? bedrock?.lacksUsage ?? false }

    /// Appends an event without choices that has one member of its own, in the form of the stream's others.
    /// - Parameter value: appends the member's value, JSON without line ends.
    public func appendChunk(_ member: StaticString, to out: inout [UInt8], value: (inout [UInt8]) -> Void) {
        passing?.appendChunk(member, to: &out, value: value)
        anthropic?.appendChunk(member, to: &out, value: value)
        gemini?.appendChunk(member, to: &out, value: value)
        bedrock?.appendChunk(member, to: &out, value: value)
    }

    /// Appends the end of every choice that has none yet, with the reason `length`.
    public mutating func appendLength(to out: inout [UInt8]) {
        passing?.appendLength(to: &out)
        anthropic?.appendLength(to: &out)
        gemini?.appendLength(to: &out)
        bedrock?.appendLength(to: &out)
    }

    /// Appends a usage event in the form of the stream's own.
    public func appendUsage(_ usage: TokenUsage, to out: inout [UInt8]) {
        passing?.appendUsage(usage, to: &out)
        anthropic?.appendUsage(usage, to: &out)
        gemini?.appendUsage(usage, to: &out)
        bedrock?.appendUsage(usage, to: &out)
    }
}
