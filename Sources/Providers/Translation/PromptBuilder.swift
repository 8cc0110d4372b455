internal import Chat

/// Makes a `Prompt` of a client's request that one provider takes as a whole. The only place where that is decided: the writers of the
/// provider APIs write what they get.
struct PromptBuilder {
    private let client: ClientRequest
    private let rules: PromptRules
    private var prompt = Prompt()
    private var ids: CallIDs
    /// The assistant's turn that is being put together.
    private var assistant: (blocks: [Prompt.Block], calls: OpenCalls) = ([], OpenCalls())
    /// The user's turn that is being put together: the calls that it is to answer, the results, everything else.
    private var user: (calls: OpenCalls, results: [(block: Prompt.Block, order: Int)], others: [Prompt.Block]) = (OpenCalls(), [], [])

    /// - Throws: `invalid_request_error` naming what the provider cannot take. Another one may.
    static func prompt(_ client: ClientRequest, _ rules: PromptRules) throws(GatewayError) -> Prompt {
        var builder = PromptBuilder(client, rules)
        for message in client.messages { try builder.add(message) }
        builder.finish()
        if rules.asksForOneCall, client.wantsOneCall { builder.prompt.system.append(Prompt.Instruction(text: Self.oneCall)) }
        builder.addTools()
        builder.prompt.limitMarks(rules.cache)
        return builder.prompt
    }

    private init(_ client: ClientRequest, _ rules: PromptRules) {
        self.client = client
        self.rules = rules
        ids = CallIDs(client.messages, rules.ids)
    }

    // MARK: Messages

    private mutating func add(_ message: ClientMessage) throws(GatewayError) {
        switch message.role {
        case .system: try addSystem(message)
        case .assistant: try addAssistant(message)
        case .user: addToUser(try blocks(of: message))
        case .tool: try addResult(message)
        }
    }

    private mutating func addSystem(_ message: ClientMessage) throws(GatewayError) {
        let start = prompt.system.count
        for part in message.parts where !part.isThought {
            guard let text = part.text else {
                throw .notTaken("messages.\(message.index).content", "Anything but text in a \"system\" message is")
            }
            if isTaken(text) { prompt.system.append(Prompt.Instruction(text: text, mark: part.mark)) }
        }
        if let mark = message.mark, prompt.system.count > start, prompt.system[prompt.system.count - 1].mark == nil {
            prompt.system[prompt.system.count - 1].mark = mark
        }
    }

    private mutating func addAssistant(_ message: ClientMessage) throws(GatewayError) {
        var added = rules.takesThoughts ? message.reasoning.map { Prompt.Block(.thought($0)) } : []
        added += try blocks(of: message, marked: false)
        var signatures = rules.takesSignatures ? Signatures(message) : Signatures()
        if let last = added.lastIndex(where: \.isText) { added[last].signature = signatures.takeLoose() }
        for (index, call) in message.toolCalls.enumerated() {
            let sent = Prompt.Call(
                id: ids.next(call), name: client.toolNames.sent(call.name), arguments: call.arguments, isFirst: index == 0)
            var block = Prompt.Block(.call(sent))
            block.signature = rules.takesSignatures ? signatures.take(for: call) ?? (index == 0 ? signatures.takeLoose() : nil) : nil
            added.append(block)
            assistant.calls.append(call, sent)
        }
        mark(message.mark, &added, from: 0)
        assistant.blocks += added
    }

    private mutating func addResult(_ message: ClientMessage) throws(GatewayError) {
        endAssistantIfAny()
        guard let id = message.toolCallID, let (call, order) = user.calls.answer(id) else {
            // No provider takes a result whose call is not in the turn before it; the model can still read it.
            let note = Prompt.Block(.note(message.orphanNote))
            return addToUser([note] + (try blocks(of: message)))
        }
        for part in message.parts { try rules.media.check(part, of: message.index) }
        let (parts, moved) = resultParts(of: message)
        user.others += moved
        let mark = message.mark ?? message.parts.last { isTaken($0) && $0.mark != nil }?.mark
        var result = Prompt.Result(id: call.id, name: call.name, parts: parts, isError: message.isError)
        if parts.isEmpty, message.isError || !rules.takesEmptyResults { result.note = Self.empty }
        user.results.append((Prompt.Block(.result(result), mark: mark), order))
    }

    /// The parts of a message with a tool's result: those that go into the result, and as blocks those that must stand behind the results.
    private func resultParts(of message: ClientMessage) -> (parts: [ClientPart], moved: [Prompt.Block]) {
        let movesMedia = message.isError && !rules.takesMediaInErrors
        var parts: [ClientPart] = []
        var moved: [Prompt.Block] = []
        for part in message.parts where isTaken(part) {
            if movesMedia, !part.isText { moved.append(Prompt.Block(.part(part))) } else { parts.append(part) }
        }
        return (parts, moved)
    }

    private mutating func addToUser(_ blocks: [Prompt.Block]) {
        guard !blocks.isEmpty else { return }
        endAssistantIfAny()
        user.others += blocks
    }

    /// The parts of a message as blocks, without those that are blank. A part that is left out takes its mark with it.
    private func blocks(of message: ClientMessage, marked: Bool = true) throws(GatewayError) -> [Prompt.Block] {
        let isAssistant = message.role == .assistant
        var blocks: [Prompt.Block] = []
        for part in message.parts {
            try rules.media.check(part, of: message.index)
            switch part.kind {
            case .text(let text): if isTaken(text) { blocks.append(Prompt.Block(.part(part), mark: part.mark)) }
            case .thought(let detail):
                if isAssistant, rules.takesThoughts, message.reasoning.isEmpty { blocks.append(Prompt.Block(.thought(detail))) }
            case .image, .file, .audio:
                if isAssistant, !rules.takesAssistantMedia {
                    throw .notTaken("messages.\(message.index).content.\(part.index)", "Anything but text in an \"assistant\" message is")
                }
                blocks.append(Prompt.Block(.part(part), mark: part.mark))
            }
        }
        if marked { mark(message.mark, &blocks, from: 0) }
        return blocks
    }

    /// Gives the mark of a whole message to its last block that can have one.
    private func mark(_ mark: CacheMark?, _ blocks: inout [Prompt.Block], from start: Int) {
        guard let mark, let last = blocks.lastIndex(where: { !$0.isThought }), blocks[last].mark == nil else { return }
        blocks[last].mark = mark
    }

    /// Whether a part goes into a tool's result: any medium, and a text that is not blank.
    private func isTaken(_ part: ClientPart) -> Bool {
        switch part.kind {
        case .text(let text): isTaken(text)
        case .thought: false
        case .image, .file, .audio: true
        }
    }

    private func isTaken(_ text: UnsafeRawBufferPointer) -> Bool { rules.takesBlankTexts ? !text.isEmpty : text.hasInk }

    // MARK: Turns

    /// Ends the assistant's turn; one of nothing but thoughts, which no provider takes, is left out.
    private mutating func endAssistantIfAny() {
        if assistant.blocks.contains(where: { !$0.isThought }) { endAssistant() } else { assistant = ([], OpenCalls()) }
    }

    /// Ends the assistant's turn, which has more than thoughts in it; no turn may end in one.
    private mutating func endAssistant() {
        while assistant.blocks.last?.isThought == true { assistant.blocks.removeLast() }
        endUser()
        prompt.turns.append(Prompt.Turn(isAssistant: true, blocks: assistant.blocks))
        user = (assistant.calls, [], [])
        assistant = ([], OpenCalls())
    }

    private mutating func endUser() {
        var results = user.results
        for (call, order) in user.calls.unanswered {
            let result = Prompt.Result(id: call.id, name: call.name, parts: [], isError: true, note: Self.noResult)
            results.append((Prompt.Block(.result(result)), order))
        }
        if rules.sortsResults { results.sort { $0.order < $1.order } }
        var blocks = results.map(\.block) + user.others
        if rules.wantsTextByDocuments, !blocks.contains(where: \.isText), let first = blocks.firstIndex(where: \.isFile) {
            blocks.insert(Prompt.Block(.note(Self.attached)), at: first)
        }
        if blocks.isEmpty {
            // Where the conversation has nothing from the user, something must stand for it.
            guard prompt.turns.isEmpty else { return }
            blocks = [Prompt.Block(.note(Array(".".utf8)))]
        }
        prompt.turns.append(Prompt.Turn(isAssistant: false, blocks: blocks))
        user = (OpenCalls(), [], [])
    }

    private mutating func finish() {
        guard assistant.blocks.contains(where: { !$0.isThought }) else {
            if rules.saysLoneSystem, prompt.turns.isEmpty, user.others.isEmpty, user.results.isEmpty, !prompt.system.isEmpty {
                user.others = prompt.system.map { Prompt.Block(.part(ClientPart(.text($0.text)))) }
                prompt.system = []
            }
            return endUser()
        }
        endAssistant()
        if user.calls.unanswered.isEmpty { finishPrefill() }
        endUser()
    }

    private mutating func finishPrefill() {
        switch rules.prefill {
        case .kept: return
        case .answered: user.others = [Prompt.Block(.note(Self.goOn))]
        case .trimmed:
            let turn = prompt.turns.count - 1
            // A model that does not think takes no thoughts in the words that it goes on from.
            prompt.turns[turn].blocks.removeAll(where: \.isThought)
            guard let last = prompt.turns[turn].blocks.indices.last, case .part(let part) = prompt.turns[turn].blocks[last].kind,
                let text = part.text
            else { return }
            prompt.turns[turn].blocks[last].kind = .part(ClientPart(.text(text.trimmedAtEnd), index: part.index))
        }
    }

    // MARK: Tools

    private mutating func addTools() {
        let hasUsed = rules.declaresUsedTools && client.messages.contains { !$0.toolCalls.isEmpty }
        let mayCall = client.toolChoice?.isNone != true
        var declared: Set<[UInt8]> = []
        if rules.forbidsCalls || mayCall || hasUsed {
            for tool in client.tools {
                let name = client.toolNames.sent(tool.name)
                if declared.insert(name).inserted { prompt.tools.append(Prompt.Tool(tool: tool, name: name, mark: tool.mark)) }
            }
        }
        guard prompt.tools.isEmpty, hasUsed else { return }
        for message in client.messages {
            for call in message.toolCalls {
                let name = client.toolNames.sent(call.name)
                if declared.insert(name).inserted { prompt.tools.append(Prompt.Tool(tool: nil, name: name)) }
            }
        }
    }

    // MARK: What the gateway says itself

    /// Stands for `parallel_tool_calls: false` where the provider has no member for it.
    private static var oneCall: UnsafeRawBufferPointer {
        let words: StaticString = "Call at most one tool in each of your answers."
        return UnsafeRawBufferPointer(start: words.utf8Start, count: words.utf8CodeUnitCount)
    }
    /// Stands for a result that never came, as after an agent that was interrupted.
    private static let noResult = Array("No result: the call was interrupted or never carried out.".utf8)
    private static let empty = Array("(empty)".utf8)
    private static let goOn = Array("Go on from exactly where your last message ends, without repeating any of it.".utf8)
    private static let attached = Array("The document is attached.".utf8)
}

extension ClientMessage {
    /// What introduces a result whose call is not in the turn before it.
    fileprivate var orphanNote: [UInt8] {
        var id = toolCallID.map { Array($0) } ?? []
        if id.isEmpty, let toolName { id = Array(toolName) }
        return Array("Result of the tool call ".utf8) + id + Array((isError ? " (failed):" : ":").utf8)
    }
}
