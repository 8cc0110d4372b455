internal import Chat
internal import Core
internal import EventLoop
internal import Ledger
internal import MCP
internal import Policies

/// Tools on the gateway's side: the model is asked again with what its tools have answered, until it answers itself.
extension PlanRun {
    func tools(_ plan: Plan, _ use: ToolUse, _ node: Node) async throws(GatewayError) -> StartedAnswer {
        guard let mcp else { throw GatewayError(.internalError, "There are no MCP servers.", source: .gateway) }
        var lists: [(server: MCPServerEntry, tools: [MCPTool])] = []
        // A server that is slow or dead delays the others no more than once.
        for (server, result) in zip(use.servers, await mcp.tools(ofAll: use.servers.map(\.name))) {
            switch result {
            case .success(let tools): lists.append((server, tools))
            case .failure(.cancelled): throw .clientLeft
            case .failure(let failure): toolReport.serverErrors.append((server.name, "\(failure)"))
            }
        }
        if lists.isEmpty, let (name, why) = toolReport.serverErrors.first {
            throw GatewayError(
                .noHealthyUpstream, "The MCP server \(name) \(why).", source: .upstream, retry: .after(.seconds(2)), param: "mcp_servers")
        }
        let taken = try Self.toolNames(of: node.question.request, executor.reader)
        let set = taken.isEmpty ? executor.toolSets.tools(lists, version: policies.version) : ToolSet(lists, taken: taken)
        let loop = ToolLoop(self, plan, use, node, set, mcp)
        return node.question.request.facts.stream ? try await loop.openStream() : try await loop.answerWhole()
    }

    /// The names of the client's own tools.
    private static func toolNames(of request: ChatRequest, _ reader: JSONReader) throws(GatewayError) -> Set<String> {
        var names: Set<String> = []
        try request.withRoot(reader) { root in
            for tool in root["tools"].map({ Array($0.elements) }) ?? [] {
                if let name = (tool["function"] ?? tool["custom"] ?? tool)["name"]?.string { names.insert(name) }
            }
        }
        return names
    }
}

/// One loop of turns and tools. Belongs to the loop of its run.
final class ToolLoop: AnswerSource {
    private let run: PlanRun
    private let plan: Plan
    private let use: ToolUse
    private let node: Node
    private let tools: ToolSet
    private let mcp: MCPHost
    /// What the conversation has grown by.
    private var messages: [[UInt8]] = []
    private var turn = 0
    /// All turns together.
    private var usage = TokenUsage()
    /// The turn that is read.
    private var inner: StartedAnswer?
    /// What has been written for the client so far; forked for each turn.
    private var outer: (any AnswerWriter)?
    private var lastModel: ModelEntry?

    init(_ run: PlanRun, _ plan: Plan, _ use: ToolUse, _ node: Node, _ tools: ToolSet, _ mcp: MCPHost) {
        (self.run, self.plan, self.use, self.node, self.tools, self.mcp) = (run, plan, use, node, tools, mcp)
    }

    var model: ModelEntry { inner?.source.model ?? lastModel ?? node.plan.calls[0].model }
    var writer: (any AnswerWriter)? { outer }
    var upstreamMicroseconds: Int64 { run.attempts.reduce(0) { $0 + ($1.outcome?.latencyMicroseconds ?? 0) } }

    // MARK: Turns

    /// The question of the next turn.
    private func question(as form: AnswerForm) throws(GatewayError) -> Question {
        if Task.isCancelled { throw .clientLeft }
        guard MonotonicTime.now() < run.deadline else { throw PlanRun.outOfTime }
        var edit = RequestEdit(messages: messages)
        edit.tools = tools.declarations
        // A model that must call a tool in each turn never answers.
        if turn > 0 { edit.settings = try forcesTools() ? Array("{\"tool_choice\":\"auto\"}".utf8) : nil }
        let request = try node.question.request.edited(edit, reader: run.executor.reader)
        let parent = turn == 0 ? node.question.parent : run.attempts.last?.id
        return Question(request, as: form, allowance: node.question.allowance, parent: parent)
    }

    private func forcesTools() throws(GatewayError) -> Bool {
        try node.question.request.withRoot(run.executor.reader) { $0["tool_choice"] != nil }
    }

    /// What is left to do with a turn that is over.
    private enum Next {
        /// The tools have answered: another turn.
        case again
        /// The answer is there; these calls are the client's.
        case done(FinishNote, [CapturedToolCall])
    }

    /// Runs the tools that a turn has called.
    private func next(after choice: CapturedChoice) async throws(GatewayError) -> Next {
        turn += 1
        let own = choice.toolCalls.filter { tools[$0.name] != nil }
        let others = choice.toolCalls.filter { tools[$0.name] == nil }
        if own.isEmpty { return .done(choice.finish, others) }
        let size = messages.reduce(0) { $0 + $1.count }
        guard turn < use.mostTurns, size < Self.mostGrowth else { return .done(FinishNote(.length), []) }
        // The turn is paid before what it has asked for is done.
        if run.hasUnsettled { try await run.settleEnded() }
        let results = try await carryOut(own)
        // The client is given its own calls alone: a call of the gateway's is none that it could carry out.
        if !others.isEmpty { return .done(FinishNote(.toolCalls), others) }
        messages.append(ToolMessages.assistant(choice, calls: own))
        for (call, result) in zip(own, results) {
            messages.append(ToolMessages.result(result, of: call, atMost: tools[call.name]?.server.mostResultBytes ?? 65_536))
        }
        return .again
    }

    /// The most bytes that a conversation grows by: calls and results of all turns.
    private static let mostGrowth = 8 << 20
    /// The most calls of a turn that are carried out; the model is told of the others.
    private static let mostCalls = 64

    // MARK: Whole answers

    func answerWhole() async throws(GatewayError) -> StartedAnswer {
        var identity: AnswerIdentity?
        while true {
            let turnNode = Node(plan: plan, question: try question(as: .captured), role: node.role, mayRetry: node.mayRetry, leg: node.leg)
            var answer = try await run.capture(turnNode)
            lastModel = run.attempts.last { $0.call != nil }?.model ?? lastModel
            usage = usage + answer.usage
            identity = identity ?? answer.identity
            // An answer without choices is one that says nothing: it calls no tools, and is the last.
            let choice = answer.choices.first ?? CapturedChoice()
            guard case .done(let finish, let calls) = try await next(after: choice) else { continue }
            var last = choice.with(calls)
            last.finish = finish
            answer.choices = [last]
            if let identity { answer.identity = identity }
            (answer.usage, answer.cost) = (usage, run.cost)
            answer.members = run.toolReport.members(turns: turn, run.executor.reader)
            let started = StartedAnswer(self)
            started.whole = .captured(answer)
            return started
        }
    }

    // MARK: Streams

    func openStream() async throws(GatewayError) -> StartedAnswer {
        let started = StartedAnswer(self)
        started.goesOn = try await advance(&started.events)
        // Until something is there to be read, nothing need be said to the client.
        while started.goesOn, started.events.isEmpty { started.goesOn = try await next(&started.events) }
        return started
    }

    /// Opens the next turn.
    /// - Returns: whether more is to come.
    private func advance(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        let base = OnOneLoop(value: outer)
        let form = node.question.form
        let turnForm = AnswerForm(passesChatCompletions: false) {
            ToolTurnWriter($0, outer: base.value?.fork() ?? form.makeWriter($0), isFirst: base.value == nil)
        }
        let turnNode = Node(plan: plan, question: try question(as: turnForm), role: node.role, mayRetry: node.mayRetry, leg: node.leg)
        let opened = try await run.open(turnNode)
        inner = opened
        output += opened.events
        opened.events = []
        return opened.goesOn ? true : try await turnEnded(&output)
    }

    func next(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        guard let inner else { return try await advance(&output) }
        guard try await inner.source.next(&output) else { return try await turnEnded(&output) }
        return true
    }

    private func turnEnded(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        guard let inner, let turnWriter = inner.source.writer as? ToolTurnWriter else {
            throw GatewayError(.internalError, "A turn of a tool loop had no writer.", source: .gateway)
        }
        lastModel = inner.source.model
        outer = turnWriter.outer
        usage = usage + (run.attempts.last { $0.call === inner.source }?.outcome?.usage ?? TokenUsage())
        self.inner = nil
        let choice = turnWriter.capture.answer.choices.first ?? CapturedChoice()
        guard case .done(let finish, let calls) = try await next(after: choice) else { return true }
        let end = turnWriter.outer
        swap(&end.output, &output)
        for (index, call) in calls.enumerated() { call.withStart(at: index) { end.toolCall($0, choice: 0) } }
        end.finish(finish, choice: 0)
        if node.question.request.wantsUsageChunk { end.usage(usage, cost: run.cost) }
        swap(&end.output, &output)
        return false
    }

    @discardableResult
    func cancel() -> GatewayError { inner?.source.cancel() ?? .clientLeft }

    func appendMember(_ name: StaticString, _ json: [UInt8], to output: inout [UInt8]) {
        guard let outer else { return }
        swap(&outer.output, &output)
        outer.member(name, json)
        swap(&outer.output, &output)
    }

    // MARK: Tools

    /// Carries out the calls of a turn, all at the same time.
    /// - Throws: `client_closed_request`; `storage_unavailable` when what was done cannot be recorded.
    private func carryOut(_ calls: [CapturedToolCall]) async throws(GatewayError) -> [MCPToolResult] {
        let held = OnOneLoop(value: self)
        let results = await withTaskGroup(of: (Int, MCPToolResult, Int64).self) { group in
            for (index, call) in calls.enumerated() {
                guard index < Self.mostCalls else {
                    let refusal = MCPToolResult(text: "Too many calls at once: at most \(Self.mostCalls) are carried out.", isError: true)
                    group.addTask { (index, refusal, 0) }
                    continue
                }
                group.addTask {
                    let start = MonotonicTime.now()
                    let result = await held.value.carryOut(call)
                    return (index, result, MonotonicTime.now().microseconds(since: start))
                }
            }
            var results = [(MCPToolResult, Int64)?](repeating: nil, count: calls.count)
            for await (index, result, time) in group { results[index] = (result, time) }
            return results.compactMap(\.self)
        }
        for (call, (result, time)) in zip(calls, results) {
            guard let entry = tools[call.name] else { continue }
            try await run.record(call, entry.server.name, entry.tool.name, result, microseconds: time)
        }
        if Task.isCancelled { throw .clientLeft }
        return results.map(\.0)
    }

    private func carryOut(_ call: CapturedToolCall) async -> MCPToolResult {
        guard let entry = tools[call.name] else { return MCPToolResult(text: "There is no such tool.", isError: true) }
        let arguments = call.arguments.isEmpty ? Array("{}".utf8) : call.arguments
        let isObject = (try? run.executor.reader.read(arguments) { $0.kind == .object }) == true
        guard isObject else { return MCPToolResult(text: "The arguments are not a JSON object.", isError: true) }
        let patience = max(.milliseconds(1), run.deadline - .now())
        let result = await mcp.call(entry.tool.name, of: entry.server.name, arguments: arguments, within: patience)
        switch result {
        case .success(let result): return result
        case .failure(let failure): return MCPToolResult(failure, of: entry.tool.name)
        }
    }
}

/// What is told and recorded of tools.
extension PlanRun {
    /// Records a call to a tool: it is part of the bill, also where it costs nothing.
    fileprivate func record(
        _ call: CapturedToolCall, _ server: String, _ tool: String, _ result: MCPToolResult, microseconds: Int64
    ) async throws(GatewayError) {
        toolReport.uses.append(
            ToolReport.Use(
                server: server, tool: tool, arguments: call.arguments, result: result.text, isError: result.isError,
                milliseconds: microseconds / 1_000))
        var record = books.record
        record.callID = books.nextCallID()
        record.time = WallTime(
            microseconds: record.time.microseconds + MonotonicTime.now().microseconds(since: books.startTime) - microseconds)
        record.endTool(tool, of: server, result.failure, isError: result.isError)
        record.latencyMicroseconds = microseconds
        record.hold = envelope?.id
        do { _ = try await books.journal.commit(record) } catch { throw error.gatewayError }
    }
}

extension CapturedChoice {
    /// The same choice with these tool calls instead of its own.
    fileprivate func with(_ calls: [CapturedToolCall]) -> CapturedChoice {
        var choice = CapturedChoice()
        for (kind, text) in [(AnswerText.content, content), (.reasoning, reasoning), (.refusal, refusal)] {
            text?.withUnsafeBytes { choice.add(kind, $0) }
        }
        for detail in details { detail.withUnsafeBytes { choice.add(ReasoningDetail(.entry($0), nil)) } }
        for (index, call) in calls.enumerated() { call.withStart(at: index) { choice.add($0) } }
        return choice
    }
}
