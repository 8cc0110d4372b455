public import Core

/// Takes the events of one answer, in the order in which a model makes them, and makes of them what is wanted: a stream in the client's dialect, or a
/// captured answer.
///
/// Each provider's reader feeds any writer, so that N dialects and M providers need N + M translations. Texts belong to the caller: a writer copies what
/// it keeps. A class, so that an event costs no copy of what the writer has gathered. Belongs to the loop of its request.
public protocol AnswerWriter: AnyObject {
    /// Bytes for the client that have not been taken out yet; empty where nothing goes to a client.
    var output: [UInt8] { get set }
    /// Takes the provider's own id over, if it gives one. Before any other event.
    func identify(_ id: UnsafeRawBufferPointer)
    /// More of a text. Not empty.
    func text(_ kind: AnswerText, _ text: UnsafeRawBufferPointer, choice: Int)
    /// A whole entry of `reasoning_details`.
    func detail(_ detail: ReasoningDetail, choice: Int)
    /// The beginning of a tool call.
    func toolCall(_ call: ToolCallStart, choice: Int)
    /// More of the arguments of a tool call that has begun. Not empty.
    /// - Parameter index: that of the call.
    func arguments(_ json: UnsafeRawBufferPointer, index: Int, choice: Int)
    /// The end of a choice.
    func finish(_ note: FinishNote, choice: Int)
    /// The usage of the whole answer, behind the ends of all choices.
    func usage(_ usage: TokenUsage, cost: NanoUSD)
    /// A writer that goes on where this one stands, with nothing in its output: what is told to one is not told to the other.
    func fork() -> any AnswerWriter
    /// An object of the gateway's own beside the answer, e.g. `purser`.
    /// - Parameter json: the value, without line ends.
    func member(_ name: StaticString, _ json: [UInt8])
}

/// A kind of text that grows.
public enum AnswerText: Sendable { case content, reasoning, refusal }

/// The beginning of a tool call. Texts belong to the caller.
public struct ToolCallStart {
    /// Counts the tool calls of a choice from 0.
    public let index: Int
    /// Unlike that of any other call of the conversation.
    public let id: UnsafeRawBufferPointer
    /// The tool's name as the client spells it.
    public let name: UnsafeRawBufferPointer
    /// Arguments that come with the beginning; empty: they follow.
    public let arguments: UnsafeRawBufferPointer
    /// Google's signature of the thoughts before the call.
    public let signature: UnsafeRawBufferPointer?

    /// Makes a beginning.
    public init(
        index: Int, id: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer,
        arguments: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        signature: UnsafeRawBufferPointer? = nil
    ) {
        (self.index, self.id, self.name, self.arguments, self.signature) = (index, id, name, arguments, signature)
    }
}

/// What becomes of an answer.
public struct AnswerForm: Sendable {
    /// Whether an answer in OpenAI's chat completions may pass through as it is, with no writer.
    public let passesChatCompletions: Bool
    /// Makes a writer for one answer.
    public let makeWriter: @Sendable (AnswerIdentity) -> any AnswerWriter

    /// Makes a form.
    public init(passesChatCompletions: Bool, makeWriter: @escaping @Sendable (AnswerIdentity) -> any AnswerWriter) {
        self.passesChatCompletions = passesChatCompletions
        self.makeWriter = makeWriter
    }

    /// The answer is kept for the gateway's own use; nothing goes to a client.
    public static let captured = AnswerForm(passesChatCompletions: false) { AnswerCapture($0) }
}
