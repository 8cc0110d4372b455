public import Core

/// How one server is reached and what it may do, as the policies say.
public struct MCPServerSettings: Equatable, Sendable {
    /// The way to a server.
    public enum Way: Equatable, Sendable {
        /// A child process: its program and arguments, and its environment besides what every child gets.
        case command([String], environment: [String: Secret])
        /// Streamable HTTP at a URL, with complete header lines, and a PEM file to check its certificate with.
        case url(String, headers: [Secret], caFile: String?)
    }

    /// Its name in policies and requests.
    public let name: String
    /// How it is reached.
    public let way: Way
    /// How long a call may take. Default 30 s.
    public var timeout = Duration.seconds(30)
    /// The most bytes of a message: what is longer ends the session. A model is shown less of it (`max_result_bytes`).
    static let mostMessageBytes = 16 << 20
    /// A child that nobody has used for so long is stopped. Default 10 minutes.
    public var idleStop = Duration.seconds(600)

    /// Makes settings; everything else keeps its default until it is set.
    public init(name: String, way: Way) { (self.name, self.way) = (name, way) }
}
