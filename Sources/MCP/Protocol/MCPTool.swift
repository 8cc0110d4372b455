public import Chat
internal import Core

/// A tool as its server describes it.
public struct MCPTool: Hashable, Sendable {
    /// Its name at the server.
    public let name: String
    /// What it does; empty where the server does not say.
    public let description: String
    /// The JSON schema of its arguments as every provider takes it: an object with properties, without names that point elsewhere.
    public let parameters: [UInt8]
    /// The whole entry as the server sent it.
    public let json: [UInt8]

    /// Reads an entry of `tools/list`.
    /// - Returns: `nil` for one that cannot be called: without a name, or with arguments that are no object.
    init?(_ entry: JSONRawElement) {
        guard let name = entry.value["name"]?.string, (1...Self.longestName).contains(name.utf8.count) else { return nil }
        self.name = name
        description = String((entry.value["description"]?.string ?? "").prefix(Self.longestDescription))
        let schema = entry["inputSchema"]
        guard schema == nil || schema?.value.kind == .object else { return nil }
        parameters = Self.parameters(schema)
        json = Array(entry.text)
    }

    private static func parameters(_ schema: JSONRawMember?) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "{")]
        var (hasType, hasProperties) = (false, false)
        func append(_ name: String, _ value: some Sequence<UInt8>) {
            if out.count > 1 { out.append(",") }
            out.appendJSONString(name)
            out.append(":")
            out.append(contentsOf: value)
        }
        for member in schema.map({ Array($0.rawMembers) }) ?? [] {
            let name = member.name.string ?? ""
            if name == "$schema" || name == "$id" { continue }
            if name == "type" { hasType = true }
            if name == "properties" { hasProperties = true }
            append(name, member.valueText)
        }
        if !hasType { append("type", "\"object\"".utf8) }
        if !hasProperties { append("properties", "{}".utf8) }
        out.append("}")
        return out
    }

    /// Its entry with another name.
    public func renamed(_ name: String, _ reader: JSONReader) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "{")]
        _ = try? reader.read(json) { root in
            for member in root.rawMembers.map(Array.init) ?? [] {
                if out.count > 1 { out.append(",") }
                if member.name.isString("name") {
                    out.append("\"name\":")
                    out.appendJSONString(name)
                } else {
                    out.append(contentsOf: json[member.range])
                }
            }
        }
        out.append("}")
        return out
    }

    private static let longestName = 256
    private static let longestDescription = 16_384
}

/// What came of a call to a tool.
public struct MCPToolResult: Hashable, Sendable {
    /// What the model reads.
    public var text: String
    /// Whether the tool says that it failed: the model is told, the chat goes on.
    public var isError: Bool
    /// The whole result as the server sent it; empty where it sent none.
    public var json: [UInt8]
    /// Why there is no result of the server's.
    public private(set) var failure: MCPFailure?

    /// Makes a result.
    public init(text: String, isError: Bool, json: [UInt8] = []) { (self.text, self.isError, self.json) = (text, isError, json) }

    /// What the model is told when a call came to nothing.
    public init(_ failure: MCPFailure, of tool: String) {
        self.init(text: "The tool \(tool) \(failure).", isError: true)
        self.failure = failure
    }

    /// Reads the result of `tools/call`.
    init(_ result: [UInt8], _ reader: JSONReader) throws(MCPFailure) {
        let read = try? reader.read(result) { root -> MCPToolResult? in
            guard root.kind == .object else { return nil }
            if root["resultType"]?.isString("input_required") == true {
                return MCPToolResult(
                    text: "The tool asks for input that nobody is there to give.", isError: true, json: result)
            }
            var parts: [String] = []
            for part in root["content"].map({ Array($0.elements) }) ?? [] { parts.append(Self.text(of: part)) }
            if parts.isEmpty, let structured = root.rawMembers?.first(where: { $0.name.isString("structuredContent") }) {
                parts = [String(decoding: structured.valueText, as: UTF8.self)]
            }
            return MCPToolResult(
                text: parts.joined(separator: "\n"), isError: root["isError"]?.bool == true, json: result)
        }
        guard let result = read else { throw .malformed("the result of a tool is not an object") }
        self = result
    }

    /// What a model reads of a part: its text, or what stands in for what is none.
    private static func text(of part: JSONValue) -> String {
        switch part["type"]?.string {
        case "text": part["text"]?.string ?? ""
        case "image": "[image, \(part["mimeType"]?.string ?? "of an unknown type")]"
        case "audio": "[audio, \(part["mimeType"]?.string ?? "of an unknown type")]"
        case "resource_link": "[\(part["name"]?.string ?? "resource")](\(part["uri"]?.string ?? ""))"
        case "resource":
            part["resource"]?["text"]?.string ?? "[resource \(part["resource"]?["uri"]?.string ?? "")]"
        default: "[a part of an unknown kind]"
        }
    }
}
