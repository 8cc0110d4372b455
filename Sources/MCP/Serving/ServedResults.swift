public import Chat
internal import Core

/// What a server says of itself: the result of `initialize` or `server/discover`, in the parts that both have.
public struct MCPIntroduction: Sendable {
    /// JSON, an object.
    public var capabilities = Array("{\"tools\":{}}".utf8)
    /// JSON, an object.
    public var serverInfo = Array("{\"name\":\"purser\",\"version\":\"1\"}".utf8)
    /// JSON, a string; `nil` without any.
    public var instructions: [UInt8]?

    /// The gateway's own: it has tools.
    public init() {}

    /// Reads what a server has said.
    init(_ result: [UInt8], _ reader: JSONReader) {
        self.init()
        _ = try? reader.read(result) { root in
            for member in root.rawMembers.map(Array.init) ?? [] {
                if member.name.isString("capabilities"), member.value.kind == .object { capabilities = Array(member.valueText) }
                if member.name.isString("serverInfo"), member.value.kind == .object { serverInfo = Array(member.valueText) }
                if member.name.isString("instructions"), member.value.string != nil { instructions = Array(member.valueText) }
                guard member.name.isString("_meta"), let info = member["io.modelcontextprotocol/serverInfo"],
                    info.value.kind == .object
                else { continue }
                serverInfo = Array(info.valueText)
            }
        }
    }

    private func appendInstructions(to json: inout [UInt8]) {
        guard let instructions else { return }
        json.append(",\"instructions\":")
        json += instructions
    }

    /// The result of `initialize`: the revision that the client wants if it is known, else the newest with a handshake.
    public func handshake(wanted: String?) -> [UInt8] {
        let revision = wanted.flatMap { ProtocolRevision.legacy.contains($0) ? $0 : nil } ?? ProtocolRevision.newestLegacy
        var json = Array("{\"protocolVersion\":\"\(revision)\",\"capabilities\":".utf8) + capabilities
        json.append(",\"serverInfo\":")
        json += serverInfo
        appendInstructions(to: &json)
        json.append("}")
        return json
    }

    /// The result of `server/discover`.
    public var discovery: [UInt8] {
        let versions = ProtocolRevision.known.map { "\"\($0)\"" }.joined(separator: ",")
        var json = Array("{\"supportedVersions\":[\(versions)],\"capabilities\":".utf8) + capabilities
        appendInstructions(to: &json)
        json.append(",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":")
        json += serverInfo
        json.append("}}")
        return json
    }
}

extension ServedMessage {
    /// The answer to it.
    /// - Parameters:
    ///   - result: JSON, an object.
    ///   - isList: whether its result says how long it may be kept.
    public func answer(_ result: [UInt8], isList: Bool = false, _ reader: JSONReader) -> [UInt8] {
        var json = Array("{\"jsonrpc\":\"2.0\",\"id\":".utf8) + (id ?? Array("null".utf8))
        json.append(",\"result\":")
        json += isModern ? modern(result, isList, reader) : result
        json.append("}")
        return json
    }

    /// The members that revision 2026-07-28 requires in each result. Lists depend on the caller's key, so clients may not cache them.
    private func modern(_ result: [UInt8], _ isList: Bool, _ reader: JSONReader) -> [UInt8] {
        var (hasType, hasLife, hasScope) = (false, false, false)
        _ = try? reader.read(result) { root in
            for member in root.rawMembers.map(Array.init) ?? [] {
                if member.name.isString("resultType") { hasType = true }
                if member.name.isString("ttlMs") { hasLife = true }
                if member.name.isString("cacheScope") { hasScope = true }
            }
        }
        guard let end = result.lastIndex(of: UInt8(ascii: "}")) else { return result }
        var more: [String] = []
        if !hasType { more.append("\"resultType\":\"complete\"") }
        if isList, !hasLife { more.append("\"ttlMs\":0") }
        if isList, !hasScope { more.append("\"cacheScope\":\"private\"") }
        guard !more.isEmpty else { return result }
        // From its text: a result may have more values than are read here.
        let isEmpty = result[..<end].allSatisfy { $0 == UInt8(ascii: "{") || $0 <= UInt8(ascii: " ") }
        return Array(result[..<end]) + Array(((isEmpty ? "" : ",") + more.joined(separator: ",") + "}").utf8)
    }
}
