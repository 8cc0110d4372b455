internal import Chat
internal import Core

/// Turns Google's stream into answer. Every event is an answer of its own with more parts; the last one of a candidate has a reason.
///
/// Nothing marks the end of the stream: it is whole when it ends after the reasons of all candidates.
struct GeminiEvents: EventTranslator {
    typealias Framing = SSEFraming

    private struct Choice {
        var toolCalls = 0
        var hasOutput = false
        var finish: FinishNote?
    }

    private let context: AnswerContext
    private var choices: [Choice]
    private var isFirst = true
    private var reported: TokenUsage?
    private(set) var reportedAtLeast: TokenUsage?

    init(_ context: AnswerContext) {
        self.context = context
        choices = Array(repeating: Choice(), count: context.choices)
    }

    /// What the events say along the way lacks the tokens that are still to come, so it is believed when the answer has ended.
    var usage: TokenUsage? { isComplete ? reported : nil }
    var isDone: Bool { false }
    var isComplete: Bool { choices.allSatisfy { $0.finish != nil } }

    mutating func translate(
        _ name: UnsafeRawBufferPointer, _ event: JSONValue, _ answer: inout AnswerFeed
    ) throws(GatewayError) {
        if let error = GeminiFailure.reported(by: event) { throw error }
        guard event.kind == .object else { throw OpenAIFailure.unusable("a stream event is not an object") }
        if isFirst, let id = event["responseId"]?.stringBytes { answer.identify(id) }
        if let report = event["usageMetadata"].map(GeminiUsage.read) {
            reported = report.believed ?? reported
            reportedAtLeast = reportedAtLeast.map { $0.union(report.atLeast) } ?? report.atLeast
        }
        let candidates = event["candidates"]
        if candidates == nil, event["promptFeedback"]?["blockReason"] != nil { throw GeminiFailure.noCandidate(event) }
        isFirst = false
        guard let candidates else { return }
        for candidate in candidates.elements {
            let index = candidate["index"].map { $0.int64 ?? -1 } ?? 0
            // Candidates beyond the number that was asked for are ignored.
            guard let index = Int(exactly: index), choices.indices.contains(index) else { continue }
            try translate(candidate, choice: index, &answer)
        }
    }

    private mutating func translate(
        _ candidate: JSONValue, choice index: Int, _ answer: inout AnswerFeed
    ) throws(GatewayError) {
        for part in try GeminiPart.readAll(candidate) {
            append(part, choice: index, &answer)
            if part.isOutput { choices[index].hasOutput = true }
        }
        guard let reason = candidate["finishReason"], reason.kind == .string else { return }
        choices[index].finish = try GeminiFinish.note(
            reason, callsTools: choices[index].toolCalls > 0, hasOutput: choices[index].hasOutput, candidate["finishMessage"])
    }

    private mutating func append(_ part: GeminiPart, choice index: Int, _ answer: inout AnswerFeed) {
        switch part.kind {
        case .text(let text): answer.addText(.content, text, choice: index)
        case .thought(let text): answer.addText(.reasoning, text, choice: index)
        case .call(let name, let arguments): return append(part, name, arguments, choice: index, &answer)
        case .nothing: break
        }
        guard let signature = part.signature else { return }
        answer.addDetail(ReasoningDetail(.encrypted(signature, id: nil), .gemini), choice: index)
    }

    private mutating func append(
        _ part: GeminiPart, _ name: UnsafeRawBufferPointer, _ arguments: [UInt8], choice index: Int, _ answer: inout AnswerFeed
    ) {
        let position = choices[index].toolCalls
        choices[index].toolCalls += 1
        let id = part.callID ?? Gemini.callID(context, choice: index, index: position)
        id.withUnsafeBytes { id in
            if let signature = part.signature {
                answer.addDetail(ReasoningDetail(.encrypted(signature, id: id), .gemini), choice: index)
            }
            arguments.withUnsafeBytes {
                answer.addToolCall(position, id: id, name: name, arguments: $0, signature: part.signature, choice: index)
            }
        }
    }

    mutating func finish(_ answer: inout AnswerFeed) {
        for (index, choice) in choices.enumerated() {
            guard let finish = choice.finish else { continue }
            // A call may come behind the reason that was given before it.
            let calls = finish.reason == .stop && choice.toolCalls > 0
            answer.addFinish(calls ? FinishNote(.toolCalls) : finish, choice: index)
        }
    }

    func failure(_ name: UnsafeRawBufferPointer, _ event: JSONValue?) -> GatewayError {
        event.flatMap(GeminiFailure.reported) ?? OpenAIFailure.unusable("an error event that says nothing")
    }
}
