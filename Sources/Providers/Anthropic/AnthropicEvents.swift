internal import Chat

/// Turns the events of a Messages stream into chunks.
struct AnthropicEvents: EventTranslator {
    typealias Framing = SSEFraming

    /// A content block that has begun and not ended.
    private enum Block {
        case text
        case thinking([UInt8], signature: [UInt8]?)
        case toolCall(Int, given: [UInt8], hasArguments: Bool)
        /// The tool call whose arguments are the answer.
        case format(given: [UInt8], hasArguments: Bool)
        case ignored
    }

    private(set) var isDone = false
    /// Anthropic says so itself when an answer is whole.
    var isComplete: Bool { false }
    /// What is known before the end is not the whole of it.
    var usage: TokenUsage? { hasFinalUsage ? reported.tokens : nil }

    private let formatTool: [UInt8]?
    private var blocks: [Int64: Block] = [:]
    private var toolCalls = 0
    private var hasFormat = false
    private var hasBegun = false
    private var hasFinalUsage = false
    private var reported = AnthropicUsage()
    private var ending: FinishNote?
    /// Words around an answer in its format: they are the answer if it never comes.
    private var held: [UInt8] = []

    init(_ context: AnswerContext) { formatTool = context.formatTool.map { Array($0.utf8) } }

    mutating func translate(
        _ name: UnsafeRawBufferPointer, _ event: JSONValue, _ chunks: inout ChunkWriter, _ out: inout [UInt8]
    ) throws(GatewayError) {
        guard let type = event["type"] else {
            if hasBegun { return }
            throw Anthropic.embeddedError(event) ?? OpenAIFailure.unusable("a stream event has no type")
        }
        if type.isString("content_block_delta") {
            change(event, &chunks, &out)
        } else if type.isString("content_block_start") {
            try begin(event, &chunks, &out)
        } else if type.isString("content_block_stop") {
            end(event["index"]?.int64 ?? 0, &chunks, &out)
        } else if type.isString("message_start") {
            start(event["message"], &chunks)
        } else if type.isString("message_delta") {
            ending = Anthropic.finish(event["delta"]?["stop_reason"], isFormatted: hasFormat) ?? ending
            reported.add(event["usage"])
            if event["usage"]?["output_tokens"] != nil { hasFinalUsage = true }
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

    mutating func finish(_ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        for index in blocks.keys.sorted() { end(index, &chunks, &out) }
        if !hasFormat { held.withUnsafeBytes { chunks.appendText(.content, $0, to: &out) } }
        chunks.appendFinish(ending ?? FinishNote(toolCalls > 0 ? .toolCalls : .stop), to: &out)
    }

    private mutating func start(_ message: JSONValue?, _ chunks: inout ChunkWriter) {
        reported.add(message?["usage"])
        if !hasBegun, let id = message?["id"]?.stringBytes { chunks.identify(id) }
    }

    // MARK: Blocks

    private mutating func begin(_ event: JSONValue, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) throws(GatewayError) {
        let index = event["index"]?.int64 ?? 0
        // A block that begins twice has begun once.
        guard blocks[index] == nil, let content = event["content_block"], let type = content["type"] else { return }
        if type.isString("text") {
            blocks[index] = .text
            if let text = content["text"]?.stringBytes { appendContent(text, &chunks, &out) }
        } else if type.isString("thinking") {
            let text = content["thinking"]?.stringBytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
            chunks.appendText(.reasoning, text, to: &out)
            blocks[index] = .thinking(Array(text), signature: content["signature"]?.stringBytes.map { Array($0) })
        } else if type.isString("tool_use") {
            try beginToolCall(event, content, index, &chunks, &out)
        } else {
            if type.isString("redacted_thinking"), let data = content["data"]?.stringBytes {
                chunks.appendDetail(ReasoningDetail(.encrypted(data, id: nil), .anthropic), to: &out)
            }
            blocks[index] = .ignored
        }
    }

    private mutating func beginToolCall(
        _ event: JSONValue, _ content: JSONValue, _ index: Int64, _ chunks: inout ChunkWriter, _ out: inout [UInt8]
    ) throws(GatewayError) {
        guard let name = content["name"]?.stringBytes else { throw OpenAIFailure.unusable("a tool call has no name") }
        // Some servers give the whole input at once, where Anthropic gives an empty object.
        var given: [UInt8] = []
        if content["input"]?.isEmptyContainer == false, let block = event.rawMembers?.first(where: { $0.name.isString("content_block") }) {
            given = block["input"].map { Array($0.valueText) } ?? []
        }
        if let formatTool, formatTool.elementsEqual(name) {
            hasFormat = true
            blocks[index] = .format(given: given, hasArguments: false)
        } else {
            chunks.appendToolCall(toolCalls, id: content["id"]?.stringBytes, name: name, to: &out)
            blocks[index] = .toolCall(toolCalls, given: given, hasArguments: false)
            toolCalls += 1
        }
    }

    private mutating func change(_ event: JSONValue, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        guard let delta = event["delta"], let type = delta["type"] else { return }
        if type.isString("text_delta") {
            if let text = delta["text"]?.stringBytes { appendContent(text, &chunks, &out) }
            return
        }
        let index = event["index"]?.int64 ?? 0
        if type.isString("input_json_delta") {
            if let json = delta["partial_json"]?.stringBytes, !json.isEmpty { appendArguments(json, index, &chunks, &out) }
        } else if type.isString("thinking_delta"), let text = delta["thinking"]?.stringBytes {
            chunks.appendText(.reasoning, text, to: &out)
            changeThinking(index) { thought, _ in thought += text }
        } else if type.isString("signature_delta"), let signature = delta["signature"]?.stringBytes {
            changeThinking(index) { _, proof in proof = (proof ?? []) + signature }
        }
    }

    private mutating func appendContent(_ text: UnsafeRawBufferPointer, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        if formatTool == nil { chunks.appendText(.content, text, to: &out) } else { held += text }
    }

    private mutating func appendArguments(_ json: UnsafeRawBufferPointer, _ index: Int64, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        switch blocks[index] {
        case .toolCall(let call, let given, _)?:
            chunks.appendArguments(call, json, to: &out)
            blocks[index] = .toolCall(call, given: given, hasArguments: true)
        case .format(let given, _)?:
            chunks.appendText(.content, json, to: &out)
            blocks[index] = .format(given: given, hasArguments: true)
        default: break
        }
    }

    private mutating func changeThinking(_ index: Int64, _ change: (inout [UInt8], inout [UInt8]?) -> Void) {
        guard case .thinking(var text, var signature)? = blocks.removeValue(forKey: index) else { return }
        change(&text, &signature)
        blocks[index] = .thinking(text, signature: signature)
    }

    private mutating func end(_ index: Int64, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        switch blocks.removeValue(forKey: index) {
        case .thinking(let text, let signature)?:
            text.withUnsafeBytes { text in
                (signature ?? []).withUnsafeBytes { proof in
                    let detail = ReasoningDetail(.text(text, signature: signature == nil ? nil : proof), .anthropic)
                    chunks.appendDetail(detail, to: &out)
                }
            }
        case .toolCall(let call, let given, hasArguments: false)?:
            // No arguments are an empty object: clients parse what they have put together.
            (given.isEmpty ? Array("{}".utf8) : given).withUnsafeBytes { chunks.appendArguments(call, $0, to: &out) }
        case .format(let given, hasArguments: false)?:
            (given.isEmpty ? Array("{}".utf8) : given).withUnsafeBytes { chunks.appendText(.content, $0, to: &out) }
        default: break
        }
    }
}
