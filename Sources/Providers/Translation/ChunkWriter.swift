internal import Chat

/// Writes events of chat completion chunks.
struct ChunkWriter: Sendable {
    /// Chunks that carried text, reasoning or tool arguments.
    private(set) var contentEvents = 0
    /// Bytes of their text.
    private(set) var textBytes = 0
    /// Events that carried content or the end of a choice.
    private(set) var progress = 0
    private let context: AnswerContext
    /// `{"id":…,"object":…,"created":…,"model":…`, the same in all chunks.
    private var identity: [UInt8] = []
    /// Everything up to the delta of choice 0.
    private var start: [UInt8] = []
    /// The choices whose role has been told.
    private var begun: Set<Int> = []
    /// How many details of its reasoning each choice has.
    private var details: [Int: Int] = [:]

    init(_ context: AnswerContext) {
        self.context = context
        identify(nil)
    }

    /// Takes over the provider's own id, if it gives one. Before the first chunk.
    mutating func identify(_ id: UnsafeRawBufferPointer?) {
        identity = Array("data: {\"id\":".utf8)
        if let id { identity.appendJSONString(id) } else { identity.appendJSONString(context.id) }
        identity.append(",\"object\":\"chat.completion.chunk\",\"created\":")
        identity.appendJSONNumber(context.created)
        identity.append(",\"model\":")
        identity.appendJSONString(context.model)
        start = identity
        start.append(",\"choices\":[{\"index\":0,\"delta\":{")
    }

    /// A kind of text that grows.
    enum TextKind { case content, reasoning, refusal }

    /// Appends a chunk with more of a text.
    mutating func appendText(_ kind: TextKind, _ text: UnsafeRawBufferPointer, choice: Int = 0, to out: inout [UInt8]) {
        guard !text.isEmpty else { return }
        beginDelta(choice, &out)
        switch kind {
        case .content: out.append("\"content\":")
        case .reasoning: out.append("\"reasoning_content\":")
        case .refusal: out.append("\"refusal\":")
        }
        out.appendJSONString(text)
        endDelta(&out)
        note(text)
    }

    /// Appends a chunk with a whole entry of `reasoning_details`.
    mutating func appendDetail(_ detail: ReasoningDetail, choice: Int = 0, to out: inout [UInt8]) {
        beginDelta(choice, &out)
        out.append("\"reasoning_details\":[")
        detail.append(at: details[choice, default: 0], to: &out)
        details[choice, default: 0] += 1
        out.append("]")
        endDelta(&out)
        progress += 1
    }

    /// Notes text that goes to the client later, or never.
    mutating func noteHeld(_ text: UnsafeRawBufferPointer) { if !text.isEmpty { note(text) } }

    /// Appends text that was noted when it came.
    mutating func appendHeld(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        let (events, bytes) = (contentEvents, textBytes)
        appendText(.content, text, to: &out)
        (contentEvents, textBytes) = (events, bytes)
    }

    /// Appends the chunk that begins a tool call.
    /// - Parameters:
    ///   - index: counts the tool calls of the choice from 0.
    ///   - id: `nil`: the provider gives none, so one is made up.
    ///   - name: the provider's name of the tool.
    ///   - signature: Google's signature of the thoughts before the call.
    mutating func appendToolCall(
        _ index: Int, id: UnsafeRawBufferPointer?, name: UnsafeRawBufferPointer, arguments: UnsafeRawBufferPointer? = nil,
        signature: UnsafeRawBufferPointer? = nil, choice: Int = 0, to out: inout [UInt8]
    ) {
        beginDelta(choice, &out)
        out.append("\"tool_calls\":[{\"index\":")
        out.appendJSONNumber(Int64(index))
        out.append(",\"id\":")
        out.appendToolCallID(id, at: index, context)
        out.append(",\"type\":\"function\",")
        out.appendGoogleSignature(signature)
        out.append("\"function\":{\"name\":")
        out.appendToolName(name, context)
        out.append(",\"arguments\":")
        if let arguments { out.appendJSONString(arguments) } else { out.append("\"\"") }
        out.append("}}]")
        endDelta(&out)
        note(arguments)
    }

    /// Appends a chunk with more of a tool call's arguments.
    mutating func appendArguments(_ index: Int, _ json: UnsafeRawBufferPointer, choice: Int = 0, to out: inout [UInt8]) {
        guard !json.isEmpty else { return }
        beginDelta(choice, &out)
        out.append("\"tool_calls\":[{\"index\":")
        out.appendJSONNumber(Int64(index))
        out.append(",\"function\":{\"arguments\":")
        out.appendJSONString(json)
        out.append("}}]")
        endDelta(&out)
        note(json)
    }

    /// Appends the chunk that ends a choice.
    mutating func appendFinish(_ finish: FinishNote, choice: Int = 0, to out: inout [UInt8]) {
        open(choice, &out)
        if begun.insert(choice).inserted { out.append("\"role\":\"assistant\",\"content\":\"\"") }
        out.append("},\"logprobs\":null,")
        finish.append(to: &out)
        out.append("}]}\n\n")
        progress += 1
    }

    /// Appends the chunk with the usage.
    func appendUsage(_ usage: TokenUsage, cost: NanoUSD, to out: inout [UInt8]) {
        appendChunk("usage", to: &out) { OpenAIUsage.append(usage, cost: cost, to: &$0) }
    }

    /// Appends a chunk without choices that has one member of its own.
    func appendChunk(_ member: StaticString, to out: inout [UInt8], value: (inout [UInt8]) -> Void) {
        out.append(contentsOf: identity)
        out.append(",\"choices\":[],\"")
        out.append(member)
        out.append("\":")
        value(&out)
        out.append("}\n\n")
    }

    private mutating func note(_ text: UnsafeRawBufferPointer?) {
        progress += 1
        contentEvents += 1
        textBytes += text?.count ?? 0
    }

    private mutating func beginDelta(_ choice: Int, _ out: inout [UInt8]) {
        open(choice, &out)
        if begun.insert(choice).inserted { out.append("\"role\":\"assistant\",") }
    }

    private func endDelta(_ out: inout [UInt8]) { out.append("},\"logprobs\":null,\"finish_reason\":null}]}\n\n") }

    private func open(_ choice: Int, _ out: inout [UInt8]) {
        guard choice > 0 else { return out.append(contentsOf: start) }
        out.append(contentsOf: identity)
        out.append(",\"choices\":[{\"index\":")
        out.appendJSONNumber(Int64(choice))
        out.append(",\"delta\":{")
    }
}
