internal import Chat
internal import Core

/// What a client is told when its message cannot be served.
public struct ServedFailure: Error, Hashable, Sendable {
    /// The codes of JSON-RPC 2.0 and of MCP.
    public enum Code: Int64, Sendable {
        case parse = -32_700
        case invalidRequest = -32_600
        case unknownMethod = -32_601
        case invalidParams = -32_602
        case internalError = -32_603
        case headerMismatch = -32_020
        case unknownRevision = -32_022
    }

    /// The code as it is sent: one of ``Code``, or what a server has said.
    public let code: Int64
    /// What happened.
    public let message: String
    /// The id of the request, JSON; `nil` when it could not be read.
    public let id: [UInt8]?
    /// The HTTP status.
    public let status: Int
    private let data: [UInt8]?

    /// Makes a failure. Its status is 400 for what no MCP server would look at, else 200.
    public init(_ code: Code, _ message: String, id: [UInt8]? = nil, status: Int? = nil) {
        let isOfTransport = [.parse, .invalidRequest, .headerMismatch, .unknownRevision].contains(code)
        self.init(code: code.rawValue, message, id: id, status: status ?? (isOfTransport ? 400 : 200))
    }

    private init(code: Int64, _ message: String, id: [UInt8]?, status: Int, data: [UInt8]? = nil) {
        (self.code, self.message, self.id, self.status, self.data) = (code, message, id, status, data)
    }

    /// What a server could not do.
    public init(_ failure: MCPFailure, of server: String, id: [UInt8]?) {
        switch failure {
        case .refused(let code, let message): self.init(code: code, message, id: id, status: 200)
        default: self.init(.internalError, "The MCP server \(server) \(failure).", id: id)
        }
    }

    /// A revision that is not spoken here.
    static func unknownRevision(_ revision: String, id: [UInt8]?) -> ServedFailure {
        var data = Array("{\"supported\":".utf8)
        data.appendList(ProtocolRevision.known) { $0.appendJSONString($1) }
        data.append(",\"requested\":")
        data.appendJSONString(String(revision.prefix(40)))
        data.append("}")
        return ServedFailure(code: Code.unknownRevision.rawValue, "Unsupported protocol version", id: id, status: 400, data: data)
    }

    /// The message of JSON-RPC.
    public var body: [UInt8] {
        var body = Array("{\"jsonrpc\":\"2.0\",\"id\":".utf8) + (id ?? Array("null".utf8))
        body.append(",\"error\":{\"code\":")
        body.appendJSONNumber(code)
        body.append(",\"message\":")
        body.appendJSONString(message)
        if let data {
            body.append(",\"data\":")
            body += data
        }
        body.append("}}")
        return body
    }
}
