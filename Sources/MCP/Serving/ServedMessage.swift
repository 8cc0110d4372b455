public import Chat
internal import Core
internal import FoundationEssentials

/// A message of a client to a server that the gateway is, with the parts that decide what is done. Pure.
public struct ServedMessage: Sendable {
    /// The headers of a message that say what its body says, for those on the way who do not read bodies.
    public struct Mirrors: Sendable {
        /// `MCP-Protocol-Version`.
        public var revision: String?
        /// `Mcp-Method`.
        public var method: String?
        /// `Mcp-Name`, in Base64 where it begins with `=?base64?`.
        public var name: String?

        /// Makes the headers of a message.
        public init(revision: String? = nil, method: String? = nil, name: String? = nil) {
            (self.revision, self.method, self.name) = (revision, method, name)
        }
    }

    /// As it stands in the message; `nil` for what wants no answer.
    public let id: [UInt8]?
    /// The method; empty for an answer to a request that was never made.
    public let method: String
    /// The parameters without braces and without `_meta`, which is between a client and the gateway.
    public let members: [UInt8]
    /// What is called: a tool or a prompt by its name, a resource by its URI.
    public let name: String?
    /// The arguments of a tool, a JSON object.
    public let arguments: [UInt8]
    /// Whether it is of the era without a handshake.
    public let isModern: Bool
    /// The revision that a handshake asks for.
    public let wanted: String?

    /// Reads a message and compares it with its headers.
    /// - Throws: what the client is answered.
    public init(_ body: [UInt8], _ mirrors: Mirrors, _ reader: JSONReader) throws(ServedFailure) {
        let read: Parts?
        do { read = try reader.read(body) { Parts($0) } } catch { throw ServedFailure(.parse, "The body is not JSON.") }
        guard let parts = read else { throw ServedFailure(.invalidRequest, "The body is not a message of JSON-RPC 2.0.") }
        (id, method, members, name) = (parts.id, parts.method, parts.members, parts.name)
        (arguments, wanted) = (parts.arguments ?? Array("{}".utf8), parts.wanted)
        isModern = parts.revision != nil || mirrors.revision == ProtocolRevision.modern
        guard parts.hasGoodID else { throw ServedFailure(.invalidRequest, "The id must be a string or a number.") }
        guard parts.argumentsAreAnObject else { throw ServedFailure(.invalidParams, "The arguments must be an object.", id: id) }
        // A notification is not answered, whatever is wrong with it.
        guard id != nil else { return }
        if let told = parts.revision ?? mirrors.revision, method != "initialize", !ProtocolRevision.known.contains(told) {
            throw .unknownRevision(told, id: id)
        }
        if isModern { try Self.compare(parts, mirrors) }
    }

    private static func compare(_ parts: Parts, _ mirrors: Mirrors) throws(ServedFailure) {
        guard let revision = parts.revision, parts.hasCapabilities else {
            throw ServedFailure(
                .invalidParams, "params._meta must have io.modelcontextprotocol/protocolVersion and clientCapabilities.", id: parts.id,
                status: 400)
        }
        for (header, told, said) in [
            ("MCP-Protocol-Version", mirrors.revision, revision), ("Mcp-Method", mirrors.method, parts.method),
            ("Mcp-Name", mirrors.name.map(plain), parts.name),
        ] where told != said && said != nil {
            throw ServedFailure(.headerMismatch, "The header \(header) does not say what the body says.", id: parts.id)
        }
    }

    private static func plain(_ header: String) -> String {
        guard header.hasPrefix("=?base64?"), header.hasSuffix("?="), header.utf8.count > 11 else { return header }
        return Data(base64Encoded: String(header.dropFirst(9).dropLast(2))).map { String(decoding: $0, as: UTF8.self) } ?? header
    }
}

/// What is read of a message.
private struct Parts {
    var id: [UInt8]?
    var hasGoodID = true
    var method = ""
    var members: [UInt8] = []
    var name: String?
    var arguments: [UInt8]?
    var argumentsAreAnObject = true
    var revision: String?
    var hasCapabilities = false
    var wanted: String?

    /// - Returns: `nil` for what is no message.
    init?(_ root: JSONValue) {
        guard root.kind == .object, root["jsonrpc"]?.isString("2.0") == true, let members = root.rawMembers else { return nil }
        var isAnswer = false
        for member in members {
            switch member.name.name {
            case "id":
                id = Array(member.valueText)
                hasGoodID = member.value.string != nil || member.value.int64 != nil
            case "method":
                guard let name = member.value.string else { return nil }
                method = name
            case "params":
                guard member.value.kind == .object else { return nil }
                read(member)
            case "result", "error": isAnswer = true
            default: break
            }
        }
        if method.isEmpty {
            guard isAnswer else { return nil }
            id = nil
        }
    }

    private mutating func read(_ params: JSONRawMember) {
        for member in params.rawMembers {
            switch member.name.name {
            case "_meta":
                revision = member.value["io.modelcontextprotocol/protocolVersion"]?.string
                hasCapabilities = member.value["io.modelcontextprotocol/clientCapabilities"]?.kind == .object
                continue
            case "name", "uri": name = member.value.string
            case "arguments":
                argumentsAreAnObject = member.value.kind == .object || member.value.isNull
                arguments = member.value.isNull ? nil : Array(member.valueText)
            case "protocolVersion": wanted = member.value.string
            default: break
            }
            if !members.isEmpty { members.append(",") }
            members.appendJSONString(member.name.string ?? "")
            members.append(":")
            members += Array(member.valueText)
        }
    }
}
