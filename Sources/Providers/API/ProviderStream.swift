public import Chat

/// The stream of any wire on its way to the client: bytes go in as they arrive, events of chat completion chunks come out.
///
/// `[DONE]` is never among them: the caller writes it when the bill is committed.
public struct ProviderStream: Sendable {
    /// How the stream stands after some bytes.
    public typealias State = OpenAIStream.State
    /// How the stream ended.
    public typealias End = OpenAIStream.End

    private var dialect: any DialectStream

    /// Makes the state of a stream of which nothing has arrived.
    /// - Parameter pricing: what the usage is priced with.
    public init(_ context: AnswerContext, pricing: Pricing) {
        dialect =
            switch context.api {
            case .openai, .azure:
                OpenAIStream(
                    clientWantsUsage: context.wantsUsageChunk, pricing: pricing, choices: context.choices, model: context.model)
            case .anthropic: TranslatedStream(AnthropicEvents(context), context, pricing)
            case .gemini: TranslatedStream(GeminiEvents(context), context, pricing)
            case .bedrock: TranslatedStream(BedrockEvents(context), context, pricing)
            }
    }

    /// Takes the next bytes and appends to `out` what the client is to get of them.
    ///
    /// After `.failed` nothing of the offending event is in `out`, though good events before it may be.
    public mutating func feed(_ bytes: [UInt8], reader: JSONReader, into out: inout [UInt8]) -> State {
        bytes.withUnsafeBytes { dialect.feed($0, reader: reader, into: &out) }
    }

    /// Takes note that no more bytes will come.
    public mutating func end(reader: JSONReader, into out: inout [UInt8]) -> End { dialect.end(reader: reader, into: &out) }

    /// The tokens used; `nil` as long as the provider reported none that are believed.
    public var usage: TokenUsage? { dialect.usage }

    /// The tokens used, where nothing more can come: also of a stream that broke off behind its answer.
    public var finalUsage: TokenUsage? { dialect.finalUsage }

    /// Events that carried text, reasoning or tool arguments: a lower bound of the output tokens.
    public var contentEvents: Int { dialect.contentEvents }

    /// Bytes of their text.
    public var textBytes: Int { dialect.textBytes }

    /// Events that carried content or the end of a choice: what an idle time-out waits for.
    public var progress: Int { dialect.progress }

    /// Whether all of the answer is there, so that a connection that breaks takes nothing away from it.
    public var isWhole: Bool { dialect.isWhole }

    /// The least that was reported of the usage, believed or not; `nil` when nothing was.
    public var reportedAtLeast: TokenUsage? { dialect.reportedAtLeast }

    /// Whether the client asked for a usage that the provider never sent: the caller then appends one with `appendUsage`.
    public var lacksUsage: Bool { dialect.lacksUsage }

    /// Appends an event without choices that has one member of its own, in the form of the stream's others.
    /// - Parameter value: appends the member's value, JSON without line ends.
    public func appendChunk(_ member: StaticString, to out: inout [UInt8], value: (inout [UInt8]) -> Void) {
        dialect.appendChunk(member, to: &out, value: value)
    }

    /// Appends the end of every choice that has none yet, with the reason `length`.
    public mutating func appendLength(to out: inout [UInt8]) { dialect.appendLength(to: &out) }

    /// Appends a usage event in the form of the stream's own.
    public func appendUsage(_ usage: TokenUsage, to out: inout [UInt8]) { dialect.appendUsage(usage, to: &out) }
}

/// What the stream of every dialect can do; what the members mean stands at `ProviderStream`.
private protocol DialectStream: Sendable {
    var usage: TokenUsage? { get }
    var finalUsage: TokenUsage? { get }
    var contentEvents: Int { get }
    var textBytes: Int { get }
    var lacksUsage: Bool { get }
    var progress: Int { get }
    var isWhole: Bool { get }
    var reportedAtLeast: TokenUsage? { get }
    mutating func feed(_ bytes: UnsafeRawBufferPointer, reader: JSONReader, into out: inout [UInt8]) -> OpenAIStream.State
    mutating func end(reader: JSONReader, into out: inout [UInt8]) -> OpenAIStream.End
    func appendChunk(_ member: StaticString, to out: inout [UInt8], value: (inout [UInt8]) -> Void)
    mutating func appendLength(to out: inout [UInt8])
    func appendUsage(_ usage: TokenUsage, to out: inout [UInt8])
}

extension OpenAIStream: DialectStream {}
extension TranslatedStream: DialectStream {}
