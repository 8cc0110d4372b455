internal import Chat
internal import Core

/// Writes an answer as a stream of chat completion chunks: https://platform.openai.com/docs/api-reference/chat-streaming.
final class ChatCompletionsWriter: AnswerWriter {
    var output: [UInt8] = []
    private let identity: AnswerIdentity
    /// `data: {"id":…,"object":…,"created":…,"model":…`, the same in all chunks.
    private var head: [UInt8] = []
    /// Everything up to the delta of choice 0.
    private var start: [UInt8] = []
    /// The choices whose role has been told.
    private var begun: Set<Int> = []
    /// How many details of its reasoning each choice has.
    private var details: [Int: Int] = [:]

    init(_ identity: AnswerIdentity) {
        self.identity = identity
        identity.id.utf8.withContiguousStorageIfAvailable { identify(UnsafeRawBufferPointer($0)) }
            ?? Array(identity.id.utf8).withUnsafeBytes { identify($0) }
    }

    func identify(_ id: UnsafeRawBufferPointer) {
        head = Array("data: {\"id\":".utf8)
        head.appendJSONString(id)
        head.append(",\"object\":\"chat.completion.chunk\",\"created\":")
        head.appendJSONNumber(identity.created)
        head.append(",\"model\":")
        head.appendJSONString(identity.model)
        start = head
        start.append(",\"choices\":[{\"index\":0,\"delta\":{")
    }

    func text(_ kind: AnswerText, _ text: UnsafeRawBufferPointer, choice: Int) {
        beginDelta(choice)
        switch kind {
        case .content: output.append("\"content\":")
        case .reasoning: output.append("\"reasoning_content\":")
        case .refusal: output.append("\"refusal\":")
        }
        output.appendJSONString(text)
        endDelta()
    }

    func detail(_ detail: ReasoningDetail, choice: Int) {
        beginDelta(choice)
        output.append("\"reasoning_details\":[")
        detail.append(at: details[choice, default: 0], to: &output)
        details[choice, default: 0] += 1
        output.append("]")
        endDelta()
    }

    func toolCall(_ call: ToolCallStart, choice: Int) {
        beginDelta(choice)
        output.append("\"tool_calls\":[{\"index\":")
        output.appendJSONNumber(Int64(call.index))
        output.append(",\"id\":")
        output.appendJSONString(call.id)
        output.append(",\"type\":\"function\",")
        output.appendGoogleSignature(call.signature)
        output.append("\"function\":{\"name\":")
        output.appendJSONString(call.name)
        output.append(",\"arguments\":")
        output.appendJSONString(call.arguments)
        output.append("}}]")
        endDelta()
    }

    func arguments(_ json: UnsafeRawBufferPointer, index: Int, choice: Int) {
        beginDelta(choice)
        output.append("\"tool_calls\":[{\"index\":")
        output.appendJSONNumber(Int64(index))
        output.append(",\"function\":{\"arguments\":")
        output.appendJSONString(json)
        output.append("}}]")
        endDelta()
    }

    func finish(_ note: FinishNote, choice: Int) {
        open(choice)
        if begun.insert(choice).inserted { output.append("\"role\":\"assistant\",\"content\":\"\"") }
        output.append("},\"logprobs\":null,")
        output.appendFinish(note)
        output.append("}]}\n\n")
    }

    func fork() -> any AnswerWriter {
        let other = ChatCompletionsWriter(identity)
        (other.head, other.start, other.begun, other.details) = (head, start, begun, details)
        return other
    }

    func usage(_ usage: TokenUsage, cost: NanoUSD) { appendChunk("usage") { $0.appendUsage(usage, cost: cost) } }

    func member(_ name: StaticString, _ json: [UInt8]) { appendChunk(name) { $0.append(contentsOf: json) } }

    /// Appends a chunk without choices that has one member of its own.
    private func appendChunk(_ member: StaticString, value: (inout [UInt8]) -> Void) {
        output.append(contentsOf: head)
        output.append(",\"choices\":[],\"")
        output.append(member)
        output.append("\":")
        value(&output)
        output.append("}\n\n")
    }

    private func beginDelta(_ choice: Int) {
        open(choice)
        if begun.insert(choice).inserted { output.append("\"role\":\"assistant\",") }
    }

    private func endDelta() { output.append("},\"logprobs\":null,\"finish_reason\":null}]}\n\n") }

    private func open(_ choice: Int) {
        guard choice > 0 else { return output.append(contentsOf: start) }
        output.append(contentsOf: head)
        output.append(",\"choices\":[{\"index\":")
        output.appendJSONNumber(Int64(choice))
        output.append(",\"delta\":{")
    }
}

extension [UInt8] {
    /// Appends `"finish_reason":…`, with `"native_finish_reason":…` behind it if there is one.
    mutating func appendFinish(_ note: FinishNote) {
        append("\"finish_reason\":")
        append(note.reason.json)
        guard let native = note.native else { return }
        append(",\"native_finish_reason\":")
        native.withUnsafeBytes { appendJSONString($0) }
    }
}
