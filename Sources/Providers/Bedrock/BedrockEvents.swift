internal import Chat
internal import Core

/// Turns the events of ConverseStream into answer.
struct BedrockEvents: EventTranslator {
    typealias Framing = EventStreamFraming

    /// `metadata`, with the usage, is the last event.
    private(set) var isDone = false
    /// Whether the model has ended, though the usage is still missing.
    private(set) var isComplete = false
    var usage: TokenUsage? { reported.tokens }
    var reportedAtLeast: TokenUsage? { reported.atLeast }

    private var blocks: ContentBlocks
    private var reported = SplitUsage()
    private var ending: FinishNote?

    init(_ context: AnswerContext) { blocks = ContentBlocks(context) }

    mutating func translate(
        _ name: UnsafeRawBufferPointer, _ event: JSONValue, _ answer: inout AnswerFeed
    ) throws(GatewayError) {
        let index = event["contentBlockIndex"]?.int64 ?? 0
        if name.elementsEqual("contentBlockDelta".utf8) {
            change(event["delta"], index, &answer)
        } else if name.elementsEqual("contentBlockStart".utf8) {
            try begin(event["start"], index, &answer)
        } else if name.elementsEqual("contentBlockStop".utf8) {
            blocks.end(index, &answer)
        } else if name.elementsEqual("messageStop".utf8) {
            ending = Bedrock.finish(event["stopReason"], isFormatted: blocks.hasFormat) ?? ending
            isComplete = true
        } else if name.elementsEqual("metadata".utf8) {
            reported.add(bedrock: event["usage"])
            reported.note(tier: event["serviceTier"]?["type"])
            isDone = isComplete
        }
        // `messageStart`, and whatever comes.
    }

    func failure(_ name: UnsafeRawBufferPointer, _ event: JSONValue?) -> GatewayError {
        let type = String(decoding: name.prefix(64), as: UTF8.self)
        return Bedrock.failure(type, event?["message"]?.string ?? event?["Message"]?.string)
    }

    mutating func finish(_ answer: inout AnswerFeed) { blocks.finish(ending, &answer) }

    private mutating func begin(
        _ start: JSONValue?, _ index: Int64, _ answer: inout AnswerFeed
    ) throws(GatewayError) {
        guard !blocks.isOpen(index) else { return }
        guard let tool = start?["toolUse"] else { return blocks.begin(index) }
        guard let name = tool["name"]?.stringBytes else { throw OpenAIFailure.unusable("a tool call has no name") }
        blocks.beginToolCall(index, id: tool["toolUseId"]?.stringBytes, name: name, given: [], &answer)
    }

    private mutating func change(_ delta: JSONValue?, _ index: Int64, _ answer: inout AnswerFeed) {
        if let text = delta?["text"]?.stringBytes {
            blocks.addText(text, &answer)
        } else if let json = delta?["toolUse"]?["input"]?.stringBytes {
            blocks.addArguments(json, index, &answer)
        } else if let reasoning = delta?["reasoningContent"] {
            if let text = reasoning["text"]?.stringBytes { blocks.addThinking(text, index, &answer) }
            if let signature = reasoning["signature"]?.stringBytes { blocks.addSignature(signature, index, &answer) }
            if let data = reasoning["redactedContent"]?.stringBytes { blocks.addRedacted(data, &answer) }
        }
    }
}
