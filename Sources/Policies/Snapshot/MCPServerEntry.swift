public import Core

/// An MCP server of the policies.
public struct MCPServerEntry: Sendable {
    /// The way to it.
    public enum Way: Sendable {
        /// A child process: program and arguments, and variables of its environment.
        case command([String], environment: [String: Secret])
        /// Streamable HTTP.
        case url(String, headers: [Provider.Header], caFile: String?)
    }

    /// Its name in policies and requests.
    public let name: String
    /// How it is reached.
    public let way: Way
    /// How long a call may take. Default 30 s.
    public var timeout = Duration.seconds(30)
    /// The most bytes of a result that a model is shown; the rest is cut off. Default 64 KiB.
    public var mostResultBytes = 64 << 10
    /// A child that is not used for so long is stopped. Default 10 minutes.
    public var idleStop = Duration.seconds(600)
    /// Names and patterns of the tools that may be used; empty: all.
    public var allowed: [String] = []
    /// Names and patterns of the tools that may not, whatever ``allowed`` says.
    public var denied: [String] = []
    /// The teams that may use it, with the teams below them; empty: all.
    public var teams: [String] = []

    /// Makes a server without rules; everything else keeps its default until it is set.
    public init(name: String, way: Way) { (self.name, self.way) = (name, way) }

    /// Whether the policies let the tool be used.
    public func allows(tool: String) -> Bool {
        (allowed.isEmpty || allowed.contains { NamePattern.matches($0, tool) }) && !denied.contains { NamePattern.matches($0, tool) }
    }

    /// Whether a team may use the server.
    public func allows(team: String?) -> Bool {
        teams.isEmpty || teams.contains { team == $0 || team?.hasPrefix($0 + "/") == true }
    }
}

/// Names with `*` for any characters.
enum NamePattern {
    static func matches(_ pattern: String, _ name: String) -> Bool { matches(Array(pattern.utf8)[...], Array(name.utf8)[...]) }

    /// Goes back to the last star at most, so that the work is bounded by the product of the lengths.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var (pattern, name) = (pattern, name)
        var star: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
        while let byte = name.first {
            if let wanted = pattern.first, wanted != UInt8(ascii: "*"), wanted == byte {
                (pattern, name) = (pattern.dropFirst(), name.dropFirst())
            } else if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                star = (pattern, name)
            } else if let last = star {
                name = last.name.dropFirst()
                pattern = last.pattern
                star = (pattern, name)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// What a plan may do with tools: the servers that a request is given, and how often the model may be asked.
public struct ToolUse: Sendable {
    /// The servers, each once.
    public let servers: [MCPServerEntry]
    /// The most turns of the model. Default 10.
    public let mostTurns: Int

    /// The turns that a request has that does not say how many it wants.
    public static let defaultTurns = 10
    /// The most that a request may want.
    public static let mostTurnsEver = 100
}
