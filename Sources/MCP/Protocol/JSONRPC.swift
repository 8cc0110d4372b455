internal import Chat
internal import Core

/// A message of JSON-RPC 2.0 as it came.
enum IncomingMessage {
    /// An answer to a request of this side.
    case answer(id: Int64, Result<[UInt8], MCPFailure>)
    /// A request of the peer; `id` as it stands in its text.
    case request(id: [UInt8], method: String, params: [UInt8])
    /// What the peer tells.
    case notification(method: String, params: [UInt8])

    /// Reads a message.
    /// - Returns: `nil` for what is none.
    static func read(_ bytes: [UInt8], _ reader: JSONReader) -> IncomingMessage? {
        if let message = readStrictly(bytes, reader) { return message }
        // A server that has passed on text in another coding is better understood in part than not at all.
        let repaired = Array(String(decoding: bytes, as: UTF8.self).utf8)
        return repaired == bytes ? nil : readStrictly(repaired, reader)
    }

    private static func readStrictly(_ bytes: [UInt8], _ reader: JSONReader) -> IncomingMessage? {
        // Numbers are kept as they stand: the text of a value is more faithful than what was read of it.
        let message = try? reader.read(bytes) { root -> IncomingMessage? in
            guard root.kind == .object, let members = root.rawMembers else { return nil }
            var (id, method, params, result, error): (JSONRawMember?, String?, [UInt8]?, [UInt8]?, JSONValue?)
            for member in members {
                switch member.name.name {
                case "id": id = member
                case "method": method = member.value.string
                case "params": params = Array(member.valueText)
                case "result": result = Array(member.valueText)
                case "error": error = member.value.isNull ? nil : member.value
                default: break
                }
            }
            if let method {
                guard let id, !id.value.isNull else { return .notification(method: method, params: params ?? []) }
                return .request(id: Array(id.valueText), method: method, params: params ?? [])
            }
            guard let number = id?.value.int64 ?? id?.value.string.flatMap({ Int64($0) }) else { return nil }
            if let error {
                let text = error["message"]?.string ?? ""
                return .answer(
                    id: number, .failure(.refused(code: error["code"]?.int64 ?? 0, message: String(text.prefix(longestMessage)))))
            }
            if result == nil, root["jsonrpc"]?.isString("2.0") != true { return nil }
            return .answer(id: number, result.map { .success($0) } ?? .failure(.malformed("neither a result nor an error")))
        }
        return message.flatMap(\.self)
    }

    private static let longestMessage = 1_000
}

/// Messages of JSON-RPC 2.0 that are sent.
enum OutgoingMessage {
    static func request(_ id: Int64, _ method: String, params: [UInt8]) -> [UInt8] {
        var bytes = Array("{\"jsonrpc\":\"2.0\",\"id\":".utf8)
        bytes.appendJSONNumber(id)
        bytes.append(",\"method\":")
        bytes.appendJSONString(method)
        bytes.append(",\"params\":")
        bytes.append(contentsOf: params)
        bytes.append("}")
        return bytes
    }

    static func notification(_ method: String, params: [UInt8]) -> [UInt8] {
        var bytes = Array("{\"jsonrpc\":\"2.0\",\"method\":".utf8)
        bytes.appendJSONString(method)
        if !params.isEmpty {
            bytes.append(",\"params\":")
            bytes.append(contentsOf: params)
        }
        bytes.append("}")
        return bytes
    }

    /// An answer to a request of the peer.
    /// - Parameter id: as it stood in the request.
    static func answer(_ id: [UInt8], result: StaticString) -> [UInt8] {
        var bytes = Array("{\"jsonrpc\":\"2.0\",\"id\":".utf8) + id
        bytes.append(",\"result\":")
        bytes.append(result)
        bytes.append("}")
        return bytes
    }

    /// The error of a method that is not served.
    static func unknownMethod(_ id: [UInt8]) -> [UInt8] {
        var bytes = Array("{\"jsonrpc\":\"2.0\",\"id\":".utf8) + id
        bytes.append(",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}")
        return bytes
    }
}
