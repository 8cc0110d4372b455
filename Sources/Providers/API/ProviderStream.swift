public import Chat
public import Core

/// The stream of any provider API on its way to the client: bytes go in as they arrive, and what the client is to get of them comes out.
///
/// `[DONE]` is never among them: the caller writes it when the bill is committed.
public struct ProviderStream {
    /// How the stream stands after some bytes.
    public typealias State = OpenAIStream.State
    /// How the stream ended.
    public typealias End = OpenAIStream.End

    private var dialect: any DialectStream

    /// Makes the state of a stream of which nothing has arrived.
    /// - Parameters:
    ///   - form: what is to become of the answer.
    ///   - pricing: what the usage is priced with.
    public init(_ context: AnswerContext, as form: AnswerForm, pricing: Pricing) {
        if context.api.isOpenAI, form.passesChatCompletions {
            (writer, dialect) = (nil, OpenAIStream(context, pricing))
            return
        }
        let writer = form.makeWriter(context.identity)
        self.writer = writer
        dialect =
            switch context.api {
            case .openai, .azure: RetoldStream(context, pricing, writer)
            case .anthropic: TranslatedStream(AnthropicEvents(context), context, pricing, writer)
            case .gemini: TranslatedStream(GeminiEvents(context), context, pricing, writer)
            case .bedrock: TranslatedStream(BedrockEvents(context), context, pricing, writer)
            }
    }

    /// What takes the events; `nil` where the provider's own bytes pass through.
    public let writer: (any AnswerWriter)?

    /// Takes the next bytes and appends to `out` what the client is to get of them.
    ///
    /// After `.failed` nothing of the offending event is in `out`, though good events before it may be.
    public mutating func feed(_ bytes: [UInt8], reader: JSONReader, into out: inout [UInt8]) -> State {
        bytes.withUnsafeBytes { dialect.feed($0, reader: reader, into: &out) }
    }

    /// Notes that no more bytes will come.
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
    /// - Parameter json: the member's value, without line ends.
    public func appendMember(_ name: StaticString, _ json: [UInt8], to out: inout [UInt8]) { dialect.appendMember(name, json, to: &out) }

    /// Appends the end of every choice that has none yet, with the reason `length`.
    public mutating func appendLength(to out: inout [UInt8]) { dialect.appendLength(to: &out) }

    /// Appends a usage event in the form of the stream's own.
    public func appendUsage(_ usage: TokenUsage, to out: inout [UInt8]) { dialect.appendUsage(usage, to: &out) }
}

/// What the stream of every dialect can do; what the members mean stands at `ProviderStream`.
private protocol DialectStream {
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
    func appendMember(_ name: StaticString, _ json: [UInt8], to out: inout [UInt8])
    mutating func appendLength(to out: inout [UInt8])
    func appendUsage(_ usage: TokenUsage, to out: inout [UInt8])
}

extension OpenAIStream: DialectStream {}
extension TranslatedStream: DialectStream {}
extension RetoldStream: DialectStream {}
