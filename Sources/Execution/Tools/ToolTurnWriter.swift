internal import Chat
internal import Core

/// Takes the events of one turn of a tool loop: what the client is to read goes on at once; tool calls, the end and the usage are kept, for only the
/// loop knows what becomes of them.
final class ToolTurnWriter: AnswerWriter {
    /// Writes for the client. One for each turn that is tried: what a loser of a race has written is nobody's.
    let outer: any AnswerWriter
    /// All of the turn.
    let capture: AnswerCapture

    private let isFirst: Bool

    /// - Parameter isFirst: whether the answer has no name yet.
    init(_ identity: AnswerIdentity, outer: any AnswerWriter, isFirst: Bool) {
        (self.outer, self.isFirst) = (outer, isFirst)
        capture = AnswerCapture(identity)
    }

    var output: [UInt8] {
        get { outer.output }
        set { outer.output = newValue }
    }

    // The first turn names the answer.
    func identify(_ id: UnsafeRawBufferPointer) {
        capture.identify(id)
        if isFirst { outer.identify(id) }
    }

    func text(_ kind: AnswerText, _ text: UnsafeRawBufferPointer, choice: Int) {
        capture.text(kind, text, choice: choice)
        outer.text(kind, text, choice: choice)
    }

    func detail(_ detail: ReasoningDetail, choice: Int) {
        capture.detail(detail, choice: choice)
        outer.detail(detail, choice: choice)
    }

    func toolCall(_ call: ToolCallStart, choice: Int) { capture.toolCall(call, choice: choice) }

    func arguments(_ json: UnsafeRawBufferPointer, index: Int, choice: Int) { capture.arguments(json, index: index, choice: choice) }

    func finish(_ note: FinishNote, choice: Int) { capture.finish(note, choice: choice) }

    func usage(_ usage: TokenUsage, cost: NanoUSD) {}

    func member(_ name: StaticString, _ json: [UInt8]) { outer.member(name, json) }

    func fork() -> any AnswerWriter { ToolTurnWriter(capture.answer.identity, outer: outer.fork(), isFirst: isFirst) }
}
