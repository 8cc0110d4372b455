public import Core

/// Puts the events of an answer together to a whole one.
public final class AnswerCapture: AnswerWriter {
    /// Always empty: nothing goes to a client.
    public var output: [UInt8] = []
    /// What has come so far. The usage and the cost are known at the end.
    public private(set) var answer: CapturedAnswer

    /// Makes a capture of which nothing has come.
    public init(_ identity: AnswerIdentity) { answer = CapturedAnswer(identity) }

    /// As ``AnswerWriter``.
    public func identify(_ id: UnsafeRawBufferPointer) { answer.identity.id = String(decoding: id, as: UTF8.self) }

    /// As ``AnswerWriter``.
    public func text(_ kind: AnswerText, _ text: UnsafeRawBufferPointer, choice: Int) { with(choice) { $0.add(kind, text) } }

    /// As ``AnswerWriter``.
    public func detail(_ detail: ReasoningDetail, choice: Int) { with(choice) { $0.add(detail) } }

    /// As ``AnswerWriter``.
    public func toolCall(_ call: ToolCallStart, choice: Int) { with(choice) { $0.add(call) } }

    /// As ``AnswerWriter``.
    public func arguments(_ json: UnsafeRawBufferPointer, index: Int, choice: Int) {
        with(choice) { $0.addArguments(json, index: index) }
    }

    /// As ``AnswerWriter``.
    public func finish(_ note: FinishNote, choice: Int) { with(choice) { $0.finish = note } }

    /// As ``AnswerWriter``.
    public func usage(_ usage: TokenUsage, cost: NanoUSD) { (answer.usage, answer.cost) = (usage, cost) }

    /// As ``AnswerWriter``.
    public func member(_ name: StaticString, _ json: [UInt8]) {}

    /// As ``AnswerWriter``.
    public func fork() -> any AnswerWriter {
        let other = AnswerCapture(answer.identity)
        other.answer = answer
        return other
    }

    private func with(_ index: Int, _ change: (inout CapturedChoice) -> Void) {
        while answer.choices.count <= index { answer.choices.append(CapturedChoice()) }
        change(&answer.choices[index])
    }
}
