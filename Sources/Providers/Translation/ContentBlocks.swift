internal import Chat

/// The content blocks of a stream in which each block begins, grows and ends by its number, as Anthropic and Bedrock send it.
struct ContentBlocks: Sendable {
    /// A content block that has begun and not ended.
    private enum Block {
        case thinking
        /// `given`: arguments that came with the beginning; they count when no others come.
        case toolCall(Int, given: [UInt8], hasArguments: Bool)
        /// The tool call whose arguments are the answer.
        case format(given: [UInt8], hasArguments: Bool)
        /// Text, or what the client does not get: nothing is left to do at its end.
        case plain
    }

    /// How many tools were called.
    private(set) var toolCalls = 0
    /// Whether the answer came in its format, as the arguments of a tool.
    private(set) var hasFormat = false
    private let formatTool: [UInt8]?
    /// Takes a wrapped answer out of its arguments; `nil` when it is not wrapped.
    private var unwrapper: ValueUnwrapper?
    private var open: [Int64: Block] = [:]
    /// The thoughts of the block that thinks, of which there is one at a time; beside the blocks, because they are added to in place.
    private var thinking: Int64?
    private var thought: [UInt8] = []
    private var signature: [UInt8]?
    /// Words around an answer in its format: they are the answer if it never comes.
    private var held: [UInt8] = []

    init(_ context: AnswerContext) {
        formatTool = context.formatTool.map { Array($0.utf8) }
        unwrapper = context.formatIsWrapped ? ValueUnwrapper() : nil
    }

    /// Whether the block has begun and not ended. A block that begins twice has begun once.
    func isOpen(_ index: Int64) -> Bool { open[index] != nil }

    mutating func begin(_ index: Int64) { open[index] = .plain }

    // MARK: Text and thinking

    mutating func addText(_ text: UnsafeRawBufferPointer, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        guard formatTool != nil else { return chunks.appendText(.content, text, to: &out) }
        held += text
        chunks.noteHeld(text)
    }

    mutating func addThinking(_ text: UnsafeRawBufferPointer, _ index: Int64, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        chunks.appendText(.reasoning, text, to: &out)
        if beginThinking(index, &chunks, &out) { thought.append(contentsOf: text) }
    }

    mutating func addSignature(_ text: UnsafeRawBufferPointer, _ index: Int64, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        guard beginThinking(index, &chunks, &out) else { return }
        if signature == nil { signature = [] }
        signature?.append(contentsOf: text)
    }

    /// - Returns: whether the block is one that thinks.
    private mutating func beginThinking(_ index: Int64, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) -> Bool {
        if case .thinking? = open[index] { return true }
        guard open[index] == nil else { return false }
        if let thinking { end(thinking, &chunks, &out) }
        open[index] = .thinking
        thinking = index
        return true
    }

    func addRedacted(_ data: UnsafeRawBufferPointer, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        chunks.appendDetail(ReasoningDetail(.encrypted(data, id: nil), .anthropic), to: &out)
    }

    // MARK: Tool calls

    mutating func beginToolCall(
        _ index: Int64, id: UnsafeRawBufferPointer?, name: UnsafeRawBufferPointer, given: [UInt8], _ chunks: inout ChunkWriter,
        _ out: inout [UInt8]
    ) {
        if let formatTool, formatTool.elementsEqual(name) {
            hasFormat = true
            open[index] = .format(given: given, hasArguments: false)
        } else {
            chunks.appendToolCall(toolCalls, id: id, name: name, to: &out)
            open[index] = .toolCall(toolCalls, given: given, hasArguments: false)
            toolCalls += 1
        }
    }

    mutating func addArguments(_ json: UnsafeRawBufferPointer, _ index: Int64, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        guard !json.isEmpty else { return }
        switch open[index] {
        case .toolCall(let call, let given, _)?:
            chunks.appendArguments(call, json, to: &out)
            open[index] = .toolCall(call, given: given, hasArguments: true)
        case .format(let given, _)?:
            addFormatted(json, &chunks, &out)
            open[index] = .format(given: given, hasArguments: true)
        default: break
        }
    }

    private mutating func addFormatted(_ json: UnsafeRawBufferPointer, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        guard let text = unwrapper?.unwrap(json) else { return chunks.appendText(.content, json, to: &out) }
        text.withUnsafeBytes { if !$0.isEmpty { chunks.appendText(.content, $0, to: &out) } }
    }

    // MARK: Ends

    mutating func end(_ index: Int64, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        switch open.removeValue(forKey: index) {
        case .thinking?: endThinking(&chunks, &out)
        case .toolCall(let call, let given, hasArguments: false)?:
            // No arguments are an empty object: clients parse what they have put together.
            (given.isEmpty ? Array("{}".utf8) : given).withUnsafeBytes { chunks.appendArguments(call, $0, to: &out) }
        case .format(let given, hasArguments: false)?:
            (given.isEmpty ? Array("{}".utf8) : given).withUnsafeBytes { addFormatted($0, &chunks, &out) }
        default: break
        }
    }

    /// What has no signature is not wanted back.
    private mutating func endThinking(_ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        let (text, proof) = (thought, signature)
        (thinking, thought, signature) = (nil, [], nil)
        guard let proof else { return }
        text.withUnsafeBytes { text in
            proof.withUnsafeBytes { proof in
                chunks.appendDetail(ReasoningDetail(.text(text, signature: proof), .anthropic), to: &out)
            }
        }
    }

    /// Ends what is still open, and the answer.
    mutating func finish(_ reason: FinishNote?, _ chunks: inout ChunkWriter, _ out: inout [UInt8]) {
        for index in open.keys.sorted() { end(index, &chunks, &out) }
        if let rest = unwrapper?.finish(), !rest.isEmpty { rest.withUnsafeBytes { chunks.appendText(.content, $0, to: &out) } }
        if !hasFormat { held.withUnsafeBytes { chunks.appendHeld($0, to: &out) } }
        chunks.appendFinish(reason ?? FinishNote(toolCalls > 0 ? .toolCalls : .stop), to: &out)
    }
}
