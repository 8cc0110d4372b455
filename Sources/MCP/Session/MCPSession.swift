internal import Chat
internal import Core

/// A conversation with one server, in the era that it speaks. Belongs to the loop of its host.
final class MCPSession {
    /// How a server wants to be spoken to.
    enum Era: Equatable {
        /// Stateless: each request says what the handshake used to (2026-07-28).
        case modern
        /// With a handshake, which has agreed on this revision.
        case legacy(String)
    }

    private(set) var era: Era
    /// What the server has said of itself.
    private(set) var introduction = MCPIntroduction()
    let connection: any MCPConnection
    private let reader: JSONReader
    private let timeout: Duration
    private let mostBytes: Int

    private init(_ connection: any MCPConnection, _ era: Era, _ reader: JSONReader, timeout: Duration, mostBytes: Int) {
        (self.connection, self.era, self.reader, self.timeout, self.mostBytes) = (connection, era, reader, timeout, mostBytes)
    }

    /// Finds out which era the server speaks, and begins.
    ///
    /// The modern era is tried first. A server that is not of it answers with an error, whatever it is, or not at all: then comes the handshake.
    /// - Throws: what ended the attempt; `malformed` when the server speaks no revision that is known here.
    static func begin(
        _ connection: any MCPConnection, reader: JSONReader, timeout: Duration, mostBytes: Int
    ) async throws(MCPFailure) -> MCPSession {
        let session = MCPSession(connection, .modern, reader, timeout: timeout, mostBytes: mostBytes)
        do throws(MCPFailure) {
            let said = try await session.request("server/discover", [], timeout: min(timeout, discoveryPatience))
            session.introduction = MCPIntroduction(said, reader)
            return session
        } catch {
            switch error {
            case .refused(let code, _) where ProtocolRevision.modernErrors.contains(code) && code != -32_022: return session
            case .refused, .timeout, .malformed: break
            default: throw error
            }
        }
        try await session.shakeHands()
        return session
    }

    /// A server of an earlier era may say nothing to what it does not know.
    private static let discoveryPatience = Duration.seconds(6)

    private func shakeHands() async throws(MCPFailure) {
        let http = connection as? StreamableHTTPConnection
        http?.isModern = false
        http?.forgetSession()
        let params =
            "{\"protocolVersion\":\"\(ProtocolRevision.newestLegacy)\",\"capabilities\":{},\"clientInfo\":{\"name\":\"purser\",\"version\":\"1\"}}"
        let request = MCPRequest(method: "initialize", params: Array(params.utf8), timeout: timeout, mostBytes: mostBytes)
        let result = try await connection.request(request)
        let revision = (try? reader.read(result) { $0["protocolVersion"]?.string }).flatMap(\.self)
        guard let revision, ProtocolRevision.legacy.contains(revision) || revision == ProtocolRevision.modern else {
            throw .malformed("its revision \(revision?.prefix(40) ?? "is not told") is not known here")
        }
        introduction = MCPIntroduction(result, reader)
        http?.agreedRevision = revision
        era = .legacy(revision)
        await connection.notify("notifications/initialized", params: [])
    }

    /// Sends a request and waits for its answer. A session that the server has forgotten is begun again, once.
    /// - Parameters:
    ///   - members: of the parameters, without braces.
    ///   - name: what is called, where it has a name.
    /// - Returns: the `result`, JSON.
    func request(
        _ method: String, _ members: [UInt8], name: String? = nil, timeout: Duration? = nil
    ) async throws(MCPFailure) -> [UInt8] {
        do throws(MCPFailure) {
            return try await connection.request(message(method, members, name, timeout))
        } catch {
            guard case .refused(let code, _) = error, case .legacy = era, connection is StreamableHTTPConnection,
                Self.sessionErrors.contains(code)
            else { throw error }
        }
        try await shakeHands()
        return try await connection.request(message(method, members, name, timeout))
    }

    /// 404 where the handshake's session is not known any more, with or without a message in it.
    private static let sessionErrors: Set<Int64> = [StreamableHTTPConnection.sessionIsLost, -32_600, -32_001]

    private func message(_ method: String, _ members: [UInt8], _ name: String?, _ timeout: Duration?) -> MCPRequest {
        var params: [UInt8] = [UInt8(ascii: "{")] + members
        if era == .modern {
            if !members.isEmpty { params.append(",") }
            params += Self.modernMeta
        }
        params.append("}")
        return MCPRequest(method: method, params: params, name: name, timeout: timeout ?? self.timeout, mostBytes: mostBytes)
    }

    /// No capability is declared that is not served: then servers do not ask.
    private static let modernMeta = Array(
        ("\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"\(ProtocolRevision.modern)\","
            + "\"io.modelcontextprotocol/clientCapabilities\":{},"
            + "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"purser\",\"version\":\"1\"}}").utf8)
}

/// What a gateway asks of a server.
extension MCPSession {
    /// Every tool of the server, in its order; of two of one name the first.
    /// - Throws: also `malformed` when the list never ends.
    func tools() async throws(MCPFailure) -> [MCPTool] {
        var tools: [MCPTool] = []
        var names: Set<String> = []
        var cursors: Set<[UInt8]> = []
        var members: [UInt8] = []
        for _ in 0..<Self.mostPages {
            let page = ToolPage(try await request("tools/list", members), reader)
            guard let page else { throw .malformed("the list of its tools is none") }
            for tool in page.tools where names.insert(tool.name).inserted { tools.append(tool) }
            if tools.count > Self.mostTools { throw .malformed("more than \(Self.mostTools) tools") }
            // An empty cursor is one too.
            guard let cursor = page.cursor else { return tools }
            guard cursors.insert(cursor).inserted else { throw .malformed("the pages of its tools go round in a circle") }
            members = Array("\"cursor\":".utf8) + cursor
        }
        throw .malformed("more than \(Self.mostPages) pages of tools")
    }

    private static let mostPages = 64
    /// The most tools of one server.
    static let mostTools = 1_000

    /// Calls a tool.
    /// - Parameter arguments: a JSON object.
    func call(_ tool: String, arguments: [UInt8], timeout: Duration) async throws(MCPFailure) -> MCPToolResult {
        var members = Array("\"name\":".utf8)
        members.appendJSONString(tool)
        members.append(",\"arguments\":")
        members += arguments
        return try MCPToolResult(try await request("tools/call", members, name: tool, timeout: timeout), reader)
    }
}

/// A page of `tools/list`.
private struct ToolPage {
    var tools: [MCPTool] = []
    /// JSON; `nil` on the last page.
    var cursor: [UInt8]?

    init?(_ result: [UInt8], _ reader: JSONReader) {
        var page = ToolPage()
        let isList = try? reader.read(result) { root -> Bool in
            guard let members = root.rawMembers else { return false }
            for member in members {
                if member.name.isString("tools") { page.tools = member.rawElements.compactMap(MCPTool.init) }
                if member.name.isString("nextCursor"), !member.value.isNull { page.cursor = Array(member.valueText) }
            }
            return root["tools"]?.kind == .array
        }
        guard isList == true else { return nil }
        self = page
    }

    private init() {}
}
