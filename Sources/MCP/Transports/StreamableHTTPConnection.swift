internal import Chat
internal import Core
internal import EventLoop
internal import FoundationEssentials
internal import Upstream

/// A server that is reached by Streamable HTTP: each request is a POST, its answer one JSON message or a stream of events.
final class StreamableHTTPConnection: MCPConnection {
    let ending: MCPFailure? = nil
    var told: ((_ method: String) -> Void)?
    /// The revision that the handshake has agreed on; `nil` before it, and in the modern era.
    var agreedRevision: String?
    /// Whether requests carry what the modern era wants.
    var isModern = true

    private let endpoint: UpstreamEndpoint
    private let client: UpstreamClient
    private let reader: JSONReader
    private var lastID: Int64 = 0
    /// What the server calls the session; legacy servers only.
    private var session: String?

    init(_ endpoint: UpstreamEndpoint, client: UpstreamClient, reader: JSONReader) {
        (self.endpoint, self.client, self.reader) = (endpoint, client, reader)
    }

    /// Forgets the session: the next handshake begins another one.
    func forgetSession() { (session, agreedRevision) = (nil, nil) }

    func request(_ request: MCPRequest) async throws(MCPFailure) -> [UInt8] {
        lastID += 1
        let id = lastID
        let transfer = try post(OutgoingMessage.request(id, request.method, params: request.params), request)
        do throws(MCPFailure) {
            let head = try await self.head(transfer, request)
            if request.method == "initialize", head.status == 200, let id = head.field("mcp-session-id") { session = id }
            var answers = AnswerReader(id: id, isStream: head.contentType == "text/event-stream", most: request.mostBytes)
            var bytes: [UInt8] = []
            while try await next(&bytes, transfer, request) {
                guard let found = try answer(&answers, bytes) else { continue }
                transfer.cancel()
                return try found.get()
            }
            if let found = try answer(&answers, nil) { return try found.get() }
            throw Self.failure(of: head)
        } catch {
            transfer.cancel()
            throw error
        }
    }

    private func head(_ transfer: UpstreamTransfer, _ request: MCPRequest) async throws(MCPFailure) -> UpstreamHead {
        do { return try await transfer.head() } catch { throw Self.failure(error, request) }
    }

    private func next(_ bytes: inout [UInt8], _ transfer: UpstreamTransfer, _ request: MCPRequest) async throws(MCPFailure) -> Bool {
        do { return try await transfer.nextBytes(&bytes) } catch { throw Self.failure(error, request) }
    }

    func notify(_ method: String, params: [UInt8]) async {
        let request = MCPRequest(method: method, params: params, timeout: .seconds(10), mostBytes: 64 * 1024)
        guard let transfer = try? post(OutgoingMessage.notification(method, params: params), request) else { return }
        _ = try? await transfer.head()
        transfer.cancel()
    }

    func end() {
        guard let session else { return }
        self.session = nil
        // A farewell: nobody waits for what comes of it.
        let request = UpstreamRequest(
            .delete, headers: ["Mcp-Session-Id: \(session)"], deadlines: UpstreamDeadlines(caller: .now() + .seconds(2)))
        _ = try? client.send(request, to: endpoint)
    }

    private func post(_ body: [UInt8], _ request: MCPRequest) throws(MCPFailure) -> UpstreamTransfer {
        var headers = ["Accept: application/json, text/event-stream"]
        if isModern {
            headers.append("MCP-Protocol-Version: \(ProtocolRevision.modern)")
            headers.append("Mcp-Method: \(request.method)")
            if let name = request.name { headers.append("Mcp-Name: \(Self.fieldValue(name))") }
        } else if let agreedRevision {
            headers.append("MCP-Protocol-Version: \(agreedRevision)")
        }
        if let session { headers.append("Mcp-Session-Id: \(session)") }
        let sent = UpstreamRequest(
            .post, headers: headers, body: .whole(body), deadlines: UpstreamDeadlines(caller: .now() + request.timeout))
        do { return try client.send(sent, to: endpoint) } catch { throw .unavailable(error.reason) }
    }

    /// A value of a header: what is not plain ASCII is put into base64, as revision 2026-07-28 has it.
    static func fieldValue(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) || $0 == 0x20 } && !text.hasPrefix(" ") && !text.hasSuffix(" ")
        return isPlain && !text.hasPrefix("=?base64?") ? text : "=?base64?\(Data(text.utf8).base64EncodedString())?="
    }

    private func answer(_ answers: inout AnswerReader, _ bytes: [UInt8]?) throws(MCPFailure) -> Result<[UInt8], MCPFailure>? {
        for message in try answers.feed(bytes) {
            switch IncomingMessage.read(message, reader) {
            case .answer(let id, let result)? where id == answers.id: return result
            case .notification(let method, _)?: told?(method)
            default: break
            }
        }
        return nil
    }

    /// What an answer without a message of MCP is.
    private static func failure(of head: UpstreamHead) -> MCPFailure {
        switch head.status {
        case 404, 410: .refused(code: sessionIsLost, message: "status \(head.status)")
        case 401, 403: .refused(code: -1, message: "status \(head.status): credentials are missing or not enough")
        case 200...299: .malformed("status \(head.status) with \(head.contentType.isEmpty ? "nothing" : head.contentType)")
        default: .refused(code: -1, message: "status \(head.status)")
        }
    }

    /// Stands for "no such session": no JSON-RPC code.
    static let sessionIsLost: Int64 = -404

    private static func failure(_ failure: UpstreamFailure, _ request: MCPRequest) -> MCPFailure {
        switch failure {
        case .canceled: .cancelled
        case .callerTimeout, .firstByteTimeout, .idleTimeout, .totalTimeout: .timeout(request.timeout)
        case .connectTimeout, .unreachable, .untrusted: .unavailable(failure.reason)
        case .cut, .malformed: .lost(failure.reason)
        case .tooLarge: .tooLarge(request.mostBytes)
        }
    }
}

extension UpstreamFailure {
    /// What happened, without addresses.
    fileprivate var reason: String {
        switch self {
        case .unreachable: "no connection"
        case .untrusted: "its certificate is not trusted"
        case .connectTimeout: "no connection in time"
        case .cut: "the connection broke"
        case .malformed: "the answer is not valid HTTP"
        default: "the call failed"
        }
    }
}

/// Finds the messages of an answer's body. A pure state machine.
struct AnswerReader {
    let id: Int64
    private let isStream: Bool
    private let most: Int
    private var body: [UInt8] = []
    private var finder = SSEEventFinder()
    private var total = 0

    init(id: Int64, isStream: Bool, most: Int) { (self.id, self.isStream, self.most) = (id, isStream, most) }

    /// - Parameter bytes: more of the body; `nil`: it has ended.
    /// - Returns: the messages that are complete.
    mutating func feed(_ bytes: [UInt8]?) throws(MCPFailure) -> [[UInt8]] {
        total += bytes?.count ?? 0
        if total > most { throw .tooLarge(most) }
        guard isStream else {
            if let bytes { body += bytes }
            return bytes == nil && !body.isEmpty ? [body] : []
        }
        let added = bytes ?? Array("\n\n".utf8)
        added.withUnsafeBytes { finder.willSearch($0) }
        body += added
        var messages: [[UInt8]] = []
        var consumed = 0
        body.withUnsafeBytes { text in
            while let event = finder.next(in: text) {
                let block = SSEEventBlock(event, startingAt: consumed, in: text)
                if let data = block.fields().data, !data.isEmpty { messages.append(data) }
                consumed = event.end
            }
        }
        finder.didConsume(consumed)
        body.removeSubrange(..<consumed)
        return messages
    }
}
