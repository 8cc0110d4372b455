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

    mutating func addText(_ text: UnsafeRawBufferPointer, _ answer: inout AnswerFeed) {
        guard formatTool != nil else { return answer.addText(.content, text) }
        held += text
        answer.noteHeld(text)
    }

    mutating func addThinking(_ text: UnsafeRawBufferPointer, _ index: Int64, _ answer: inout AnswerFeed) {
        answer.addText(.reasoning, text)
        if beginThinking(index, &answer) { thought.append(contentsOf: text) }
    }

    mutating func addSignature(_ text: UnsafeRawBufferPointer, _ index: Int64, _ answer: inout AnswerFeed) {
        guard beginThinking(index, &answer) else { return }
        if signature == nil { signature = [] }
        signature?.append(contentsOf: text)
    }

    /// - Returns: whether the block is one that thinks.
    private mutating func beginThinking(_ index: Int64, _ answer: inout AnswerFeed) -> Bool {
        if case .thinking? = open[index] { return true }
        guard open[index] == nil else { return false }
        if let thinking { end(thinking, &answer) }
        open[index] = .thinking
        thinking = index
        return true
    }

    func addRedacted(_ data: UnsafeRawBufferPointer, _ answer: inout AnswerFeed) {
        answer.addDetail(ReasoningDetail(.encrypted(data, id: nil), .anthropic))
    }

    // MARK: Tool calls

    mutating func beginToolCall(
        _ index: Int64, id: UnsafeRawBufferPointer?, name: UnsafeRawBufferPointer, given: [UInt8], _ answer: inout AnswerFeed
    ) {
        if let formatTool, formatTool.elementsEqual(name) {
            hasFormat = true
            open[index] = .format(given: given, hasArguments: false)
        } else {
            answer.addToolCall(toolCalls, id: id, name: name)
            open[index] = .toolCall(toolCalls, given: given, hasArguments: false)
            toolCalls += 1
        }
    }

    mutating func addArguments(_ json: UnsafeRawBufferPointer, _ index: Int64, _ answer: inout AnswerFeed) {
        guard !json.isEmpty else { return }
        switch open[index] {
        case .toolCall(let call, let given, _)?:
            answer.addArguments(call, json)
            open[index] = .toolCall(call, given: given, hasArguments: true)
        case .format(let given, _)?:
            addFormatted(json, &answer)
            open[index] = .format(given: given, hasArguments: true)
        default: break
        }
    }

    private mutating func addFormatted(_ json: UnsafeRawBufferPointer, _ answer: inout AnswerFeed) {
        guard let text = unwrapper?.unwrap(json) else { return answer.addText(.content, json) }
        text.withUnsafeBytes { if !$0.isEmpty { answer.addText(.content, $0) } }
    }

    // MARK: Ends

    mutating func end(_ index: Int64, _ answer: inout AnswerFeed) {
        switch open.removeValue(forKey: index) {
        case .thinking?: endThinking(&answer)
        case .toolCall(let call, let given, hasArguments: false)?:
            // No arguments are an empty object: clients parse what they have put together.
            (given.isEmpty ? Array("{}".utf8) : given).withUnsafeBytes { answer.addArguments(call, $0) }
        case .format(let given, hasArguments: false)?:
            (given.isEmpty ? Array("{}".utf8) : given).withUnsafeBytes { addFormatted($0, &answer) }
        default: break
        }
    }

    /// Thoughts without a signature need not come back to the provider.
    private mutating func endThinking(_ answer: inout AnswerFeed) {
        let (text, proof) = (thought, signature)
        (thinking, thought, signature) = (nil, [], nil)
        guard let proof else { return }
        text.withUnsafeBytes { text in
            proof.withUnsafeBytes { proof in
                answer.addDetail(ReasoningDetail(.text(text, signature: proof), .anthropic))
            }
        }
    }

    /// Ends what is still open, and the answer.
    mutating func finish(_ reason: FinishNote?, _ answer: inout AnswerFeed) {
        for index in open.keys.sorted() { end(index, &answer) }
        if let rest = unwrapper?.finish(), !rest.isEmpty { rest.withUnsafeBytes { answer.addText(.content, $0) } }
        if !hasFormat { held.withUnsafeBytes { answer.addHeld($0) } }
        answer.addFinish(reason ?? FinishNote(toolCalls > 0 ? .toolCalls : .stop))
    }
}
