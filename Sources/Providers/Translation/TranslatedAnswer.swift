internal import Chat
internal import Core

/// A whole answer as its reader found it, before what it costs is known.
struct TranslatedAnswer: Sendable {
    /// What is believed of the reported usage.
    let usage: TokenUsage?
    /// The least that was reported of it.
    let reportedAtLeast: TokenUsage?
    private let answer: CapturedAnswer

    var finishReasons: [FinishReason] { answer.choices.map { $0.finish.reason } }

    init(
        _ choices: [TranslatedChoice], usage: TokenUsage?, atLeast: TokenUsage?, id: UnsafeRawBufferPointer?, _ context: AnswerContext
    ) {
        // A usage without output tokens cannot be true of an answer with output.
        self.usage = usage?.output == 0 && choices.contains { $0.captured.hasOutput } ? nil : usage
        reportedAtLeast = atLeast
        var identity = context.identity
        if let id { identity.id = String(decoding: id, as: UTF8.self) }
        answer = CapturedAnswer(identity, choices: choices.map(\.captured))
    }

    /// The answer with its bill.
    /// - Parameter estimate: stands in for the usage when none that is believed was reported.
    func captured(cost: NanoUSD, estimate: TokenUsage) -> CapturedAnswer {
        var answer = answer
        answer.usage = usage ?? estimate
        answer.cost = cost
        return answer
    }
}

/// One choice of an answer, put together part by part, in the client's spelling of the tools' names.
struct TranslatedChoice: Sendable {
    private(set) var captured = CapturedChoice()
    private let context: AnswerContext

    init(_ context: AnswerContext) { self.context = context }

    var content: [UInt8]? { captured.content }
    var toolCallCount: Int { captured.toolCalls.count }
    var finish: FinishNote {
        get { captured.finish }
        set { captured.finish = newValue }
    }

    mutating func addContent(_ text: UnsafeRawBufferPointer) { captured.add(.content, text) }

    mutating func addRefusal(_ text: UnsafeRawBufferPointer) { captured.add(.refusal, text) }

    mutating func addReasoning(_ text: UnsafeRawBufferPointer) { captured.add(.reasoning, text) }

    mutating func addDetail(_ detail: ReasoningDetail) { captured.add(detail) }

    /// - Parameters:
    ///   - id: `nil`: the provider gives none, so one is made up.
    ///   - name: the provider's name of the tool.
    ///   - arguments: JSON, which becomes a string; `nil`: none.
    ///   - signature: Google's signature of the thoughts before the call.
    mutating func addToolCall(
        id: UnsafeRawBufferPointer?, name: UnsafeRawBufferPointer, arguments: UnsafeRawBufferPointer?,
        signature: UnsafeRawBufferPointer? = nil
    ) {
        let index = captured.toolCalls.count
        let arguments = arguments.map { Array($0) } ?? Array("{}".utf8)
        var captured = captured
        context.withCallID(id, at: index) { id in
            context.withSpelling(of: name) { name in
                arguments.withUnsafeBytes {
                    captured.add(ToolCallStart(index: index, id: id, name: name, arguments: $0, signature: signature))
                }
            }
        }
        self.captured = captured
    }
}
