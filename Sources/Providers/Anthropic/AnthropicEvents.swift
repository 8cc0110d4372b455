internal import Chat
internal import Core

/// Turns the events of a Messages stream into answer.
struct AnthropicEvents: EventTranslator {
    typealias Framing = SSEFraming

    private(set) var isDone = false
    /// Anthropic says so itself when an answer is whole.
    var isComplete: Bool { false }
    /// What is known before the end is not the whole of it.
    var usage: TokenUsage? { hasFinalUsage ? reported.tokens : nil }
    var reportedAtLeast: TokenUsage? { reported.atLeast }

    private var blocks: ContentBlocks
    private var hasBegun = false
    private var hasFinalUsage = false
    private var reported = SplitUsage()
    private var ending: FinishNote?

    init(_ context: AnswerContext) { blocks = ContentBlocks(context) }

    mutating func translate(
        _ name: UnsafeRawBufferPointer, _ event: JSONValue, _ answer: inout AnswerFeed
    ) throws(GatewayError) {
        guard let type = event["type"] else {
            if hasBegun { return }
            throw Anthropic.embeddedError(event) ?? OpenAIFailure.unusable("a stream event has no type")
        }
        let index = event["index"]?.int64 ?? 0
        if type.isString("content_block_delta") {
            change(event["delta"], index, &answer)
        } else if type.isString("content_block_start") {
            try begin(event, index, &answer)
        } else if type.isString("content_block_stop") {
            blocks.end(index, &answer)
        } else if type.isString("message_start") {
            start(event["message"], &answer)
        } else if type.isString("message_delta") {
            stop(event, &answer)
        } else if type.isString("message_stop") {
            isDone = true
        } else if type.isString("error") {
            throw failure(name, event)
        }
        // `ping`, and whatever comes.
        hasBegun = true
    }

    func failure(_ name: UnsafeRawBufferPointer, _ event: JSONValue?) -> GatewayError {
        event.flatMap(Anthropic.embeddedError) ?? OpenAIFailure.unusable("an error event that says nothing")
    }

    mutating func finish(_ answer: inout AnswerFeed) { blocks.finish(ending, &answer) }

    private mutating func start(_ message: JSONValue?, _ answer: inout AnswerFeed) {
        reported.add(anthropic: message?["usage"])
        if !hasBegun, let id = message?["id"]?.stringBytes { answer.identify(id) }
    }

    private mutating func stop(_ event: JSONValue, _ answer: inout AnswerFeed) {
        let delta = event["delta"]
        ending = Anthropic.finish(delta?["stop_reason"], isFormatted: blocks.hasFormat) ?? ending
        if let why = delta?["stop_details"]?["explanation"]?.stringBytes { answer.addText(.refusal, why) }
        reported.add(anthropic: event["usage"])
        if event["usage"]?["output_tokens"].map({ !$0.isNull }) == true { hasFinalUsage = true }
    }

    private mutating func begin(
        _ event: JSONValue, _ index: Int64, _ answer: inout AnswerFeed
    ) throws(GatewayError) {
        guard !blocks.isOpen(index), let content = event["content_block"], let type = content["type"] else { return }
        if type.isString("text") {
            blocks.begin(index)
            if let text = content["text"]?.stringBytes { blocks.addText(text, &answer) }
        } else if type.isString("thinking") {
            if let text = content["thinking"]?.stringBytes { blocks.addThinking(text, index, &answer) }
            if let signature = content["signature"]?.stringBytes { blocks.addSignature(signature, index, &answer) }
        } else if type.isString("tool_use") {
            guard let name = content["name"]?.stringBytes else { throw OpenAIFailure.unusable("a tool call has no name") }
            blocks.beginToolCall(index, id: content["id"]?.stringBytes, name: name, given: input(event), &answer)
        } else if type.isString("redacted_thinking"), let data = content["data"]?.stringBytes {
            blocks.addRedacted(data, &answer)
        } else {
            blocks.begin(index)
        }
    }

    /// Some servers give a tool's whole input at once, where Anthropic gives an empty object.
    private func input(_ event: JSONValue) -> [UInt8] {
        guard event["content_block"]?["input"]?.isEmptyContainer == false else { return [] }
        let block = event.rawMembers?.first { $0.name.isString("content_block") }
        return block?["input"].map { Array($0.valueText) } ?? []
    }

    private mutating func change(_ delta: JSONValue?, _ index: Int64, _ answer: inout AnswerFeed) {
        guard let delta, let type = delta["type"] else { return }
        if type.isString("text_delta") {
            if let text = delta["text"]?.stringBytes { blocks.addText(text, &answer) }
        } else if type.isString("input_json_delta") {
            if let json = delta["partial_json"]?.stringBytes { blocks.addArguments(json, index, &answer) }
        } else if type.isString("thinking_delta") {
            if let text = delta["thinking"]?.stringBytes { blocks.addThinking(text, index, &answer) }
        } else if type.isString("signature_delta"), let signature = delta["signature"]?.stringBytes {
            blocks.addSignature(signature, index, &answer)
        }
    }
}
