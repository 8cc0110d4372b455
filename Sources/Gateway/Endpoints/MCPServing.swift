internal import Chat
internal import Core
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import MCP
internal import Policies

extension GatewayLoop {
    /// `POST /mcp`: all servers that this key may use, as one. `POST /mcp/{server}`: one of them.
    /// - Parameter name: of the server; empty for all.
    func serveMCP(_ name: String, _ caller: AuthenticatedRequest, _ exchange: HTTPExchange) async throws(GatewayError) {
        try checkOrigin(caller.incoming)
        let team = caller.principal.team
        let servers =
            name.isEmpty
            ? caller.incoming.policies.snapshot.mcpServers.filter { $0.allows(team: team) }
            : [try caller.incoming.policies.snapshot.mcpServer(named: name, for: team)]
        var room = try enter(exchange.head.framing, caller.principal)
        defer { leave(room, caller.principal) }
        try caller.incoming.requireJSON()
        let body = try await caller.body(into: &room)
        room.redeem()
        let serving = MCPServing(caller, self, servers, isOne: !name.isEmpty)
        do throws(ServedFailure) {
            let reply = caller.incoming.reply
            let mirrors = ServedMessage.Mirrors(
                revision: reply.text("mcp-protocol-version"), method: reply.text("mcp-method"), name: reply.text("mcp-name"))
            let message = try ServedMessage(body, mirrors, reader)
            guard message.id != nil else {
                return reply.respond(202, body: []) { $0.appendField("x-request-id", value: caller.incoming.requestID) }
            }
            answerJSON(200, try await serving.answer(message), caller.incoming)
        } catch {
            answerJSON(error.status, error.body, caller.incoming)
        }
    }

    /// A page of another origin may use servers only where the policies let it use the gateway (DNS rebinding).
    private func checkOrigin(_ incoming: IncomingRequest) throws(GatewayError) {
        guard let origin = incoming.reply.text("origin"), incoming.policies.snapshot.crossOrigin?.allows(origin) != true else { return }
        throw GatewayError(
            CrossOrigin.notAllowed,
            "This origin may not use MCP servers from a browser. Have it added to cors.origins of the policies.")
    }
}

/// What one message of an MCP client is answered. Stateless: each message has a key, and says its revision.
private struct MCPServing {
    private let caller: AuthenticatedRequest
    private let loop: GatewayLoop
    private let servers: [MCPServerEntry]
    /// Whether one server is served as it is, not all of them as one.
    private let isOne: Bool

    init(_ caller: AuthenticatedRequest, _ loop: GatewayLoop, _ servers: [MCPServerEntry], isOne: Bool) {
        (self.caller, self.loop, self.servers, self.isOne) = (caller, loop, servers, isOne)
    }

    /// What is passed on to a server that is served as it is.
    private static let passed: Set<String> = [
        "prompts/list", "prompts/get", "resources/list", "resources/templates/list", "resources/read", "completion/complete",
        "logging/setLevel",
    ]
    /// Results that say how long they may be kept.
    private static let kept: Set<String> = ["prompts/list", "resources/list", "resources/templates/list", "resources/read"]

    func answer(_ message: ServedMessage) async throws(ServedFailure) -> [UInt8] {
        switch message.method {
        case "initialize": return message.answer(try await introduction(message).handshake(wanted: message.wanted), loop.reader)
        case "server/discover": return message.answer(try await introduction(message).discovery, isList: true, loop.reader)
        case "ping": return message.answer(Array("{}".utf8), loop.reader)
        case "tools/list": return message.answer(try await list(message), isList: true, loop.reader)
        case "tools/call": return message.answer(try await call(message), loop.reader)
        case let method where isOne && Self.passed.contains(method):
            return message.answer(try await pass(message), isList: Self.kept.contains(method), loop.reader)
        default: throw ServedFailure(.unknownMethod, "Method not found", id: message.id, status: message.isModern ? 404 : 200)
        }
    }

    private func introduction(_ message: ServedMessage) async throws(ServedFailure) -> MCPIntroduction {
        guard isOne else { return MCPIntroduction() }
        do throws(MCPFailure) { return try await loop.mcp.introduction(of: servers[0].name) } catch {
            throw ServedFailure(error, of: servers[0].name, id: message.id)
        }
    }

    private func pass(_ message: ServedMessage) async throws(ServedFailure) -> [UInt8] {
        do throws(MCPFailure) {
            return try await loop.mcp.ask(servers[0].name, message.method, members: message.members, name: message.name)
        } catch { throw ServedFailure(error, of: servers[0].name, id: message.id) }
    }

    // MARK: Tools

    /// The tools that may be used. Of several servers those that can be reached count; one that is served as it is must be.
    private func tools(_ message: ServedMessage) async throws(ServedFailure) -> [(server: MCPServerEntry, tools: [MCPTool])] {
        var lists: [(server: MCPServerEntry, tools: [MCPTool])] = []
        for (server, result) in zip(servers, await loop.mcp.tools(ofAll: servers.map(\.name))) {
            switch result {
            case .success(let tools): lists.append((server, tools.filter { server.allows(tool: $0.name) }))
            case .failure(let failure) where isOne: throw ServedFailure(failure, of: server.name, id: message.id)
            case .failure: continue
            }
        }
        return lists
    }

    private func list(_ message: ServedMessage) async throws(ServedFailure) -> [UInt8] {
        let lists = try await tools(message)
        let entries =
            isOne ? lists[0].tools.map(\.json) : ToolSet(lists, alwaysQualified: true).entries.map { $0.tool.renamed($0.name, loop.reader) }
        var json = Array("{\"tools\":".utf8)
        json.appendList(entries) { $0.append(contentsOf: $1) }
        json.append("}")
        return json
    }

    private func call(_ message: ServedMessage) async throws(ServedFailure) -> [UInt8] {
        guard loop.canRecord else { throw Self.noLedger(message) }
        let name = message.name ?? ""
        let entry: (server: MCPServerEntry, tool: String)?
        if isOne {
            entry = servers[0].allows(tool: name) ? (servers[0], name) : nil
        } else {
            entry = ToolSet(try await tools(message), alwaysQualified: true)[Array(name.utf8)].map { ($0.server, $0.tool.name) }
        }
        guard let (server, tool) = entry else {
            throw ServedFailure(.invalidParams, "Unknown tool: \(name.prefix(120))", id: message.id)
        }
        let start = MonotonicTime.now()
        let result = await loop.mcp.call(tool, of: server.name, arguments: message.arguments)
        try await record(result, tool, server, message, since: start)
        switch result {
        case .success(let result): return result.json
        case .failure(let failure): throw ServedFailure(failure, of: server.name, id: message.id)
        }
    }

    private func record(
        _ result: Result<MCPToolResult, MCPFailure>, _ tool: String, _ server: MCPServerEntry, _ message: ServedMessage,
        since start: MonotonicTime
    ) async throws(ServedFailure) {
        let incoming = caller.incoming
        var record = UsageRecord(
            requestID: incoming.requestID, callID: loop.identifiers.next("call_"), time: incoming.wallTime, requestedModel: "",
            priceVersion: "free", status: .ok)
        record.organization = caller.principal.organization
        record.team = caller.principal.team
        record.keyID = caller.principal.keyID
        record.route = "mcp"
        record.latencyMicroseconds = MonotonicTime.now().microseconds(since: start)
        switch result {
        case .success(let result): record.endTool(tool, of: server.name, nil, isError: result.isError)
        case .failure(let failure): record.endTool(tool, of: server.name, failure, isError: true)
        }
        do { _ = try await loop.journal.commit(record) } catch { throw Self.noLedger(message) }
    }

    private static func noLedger(_ message: ServedMessage) -> ServedFailure {
        ServedFailure(.internalError, "The usage ledger cannot be written at the moment; please retry later.", id: message.id, status: 503)
    }
}
