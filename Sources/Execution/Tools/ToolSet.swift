internal import Chat
internal import Core
package import MCP
package import Policies

/// The tools of MCP servers as a model sees them: each under a name of its own that every provider takes. Pure.
package struct ToolSet {
    /// One tool.
    package struct Entry {
        package let server: MCPServerEntry
        package let tool: MCPTool
        /// As the model calls it.
        package let name: String
    }

    package private(set) var entries: [Entry] = []
    private var byName: [String: Int] = [:]
    /// The tools as OpenAI's `tools` has them.
    let declarations: [[UInt8]]

    /// - Parameters:
    ///   - lists: the tools of each server, in the order in which the model sees them.
    ///   - taken: the names of the client's own tools, which stay the client's.
    ///   - alwaysQualified: whether each name has that of its server in front.
    package init(_ lists: [(server: MCPServerEntry, tools: [MCPTool])], taken: Set<String> = [], alwaysQualified: Bool = false) {
        let all = lists.flatMap { list in list.tools.filter { list.server.allows(tool: $0.name) }.map { (list.server, $0) } }
        let counts = Dictionary(grouping: all) { $0.1.name }.mapValues(\.count)
        for (server, tool) in all {
            let isPlain = !alwaysQualified && counts[tool.name] == 1 && !taken.contains(tool.name) && Self.isValid(tool.name)
            var name = isPlain ? tool.name : Self.fitting("\(server.name)__\(tool.name)")
            // Two long names may begin alike.
            var salt = 0
            while byName[name] != nil || taken.contains(name) {
                salt += 1
                name = Self.fitting("\(server.name)__\(tool.name)", salt: salt)
            }
            byName[name] = entries.count
            entries.append(Entry(server: server, tool: tool, name: name))
        }
        declarations = entries.map(Self.declaration)
    }

    /// The tool that the model calls by that name; `nil`: it is the client's, or nobody's.
    package subscript(name: [UInt8]) -> Entry? { byName[String(decoding: name, as: UTF8.self)].map { entries[$0] } }

    private static func declaration(_ entry: Entry) -> [UInt8] {
        var json = Array("{\"type\":\"function\",\"function\":{\"name\":".utf8)
        json.appendJSONString(entry.name)
        if !entry.tool.description.isEmpty {
            json.append(",\"description\":")
            json.appendJSONString(entry.tool.description)
        }
        json.append(",\"parameters\":")
        json += entry.tool.parameters
        json.append("}}")
        return json
    }

    // MARK: Names

    /// What every provider takes: https://platform.openai.com/docs/api-reference/chat/create#tools.
    private static func isValid(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && name.utf8.allSatisfy(isNameCharacter)
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// `name` in the characters that every provider takes, at most 64 of them; one that had to be cut, or that is not the first of its kind, ends with
    /// a digest.
    private static func fitting(_ name: String, salt: Int = 0) -> String {
        let plain = String(decoding: name.utf8.map { isNameCharacter($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
        if salt == 0, plain.utf8.count <= 64 { return plain }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        // FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/.
        for byte in "\(salt)\(name)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digest = String(hash & 0xFFFF_FFFF, radix: 16)
        return String(plain.prefix(64 - 9)) + "_" + String(repeating: "0", count: 8 - digest.count) + digest
    }
}
