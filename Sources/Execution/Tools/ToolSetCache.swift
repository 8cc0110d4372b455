internal import MCP
internal import Policies

/// The tools of recent requests: the same servers with the same lists, under the same policies, have the same. Pure.
struct ToolSetCache {
    private struct Entry {
        let version: UInt64
        let servers: [String]
        let lists: [[MCPTool]]
        let tools: ToolSet
    }

    private var entries: [Entry] = []

    /// The tools of these lists, for a client that has none of its own.
    /// - Parameter version: of the policies that the servers are from.
    mutating func tools(_ lists: [(server: MCPServerEntry, tools: [MCPTool])], version: UInt64) -> ToolSet {
        // Lists that have not changed are the same arrays: comparing them is comparing addresses.
        let known = entries.first { entry in
            entry.version == version && entry.servers.count == lists.count
                && zip(entry.servers, entry.lists).elementsEqual(lists) { $0.0 == $1.server.name && $0.1 == $1.tools }
        }
        if let known { return known.tools }
        let tools = ToolSet(lists)
        entries.append(Entry(version: version, servers: lists.map(\.server.name), lists: lists.map(\.tools), tools: tools))
        if entries.count > Self.most { entries.removeFirst() }
        return tools
    }

    /// The most combinations of servers that are kept.
    private static let most = 32
}
