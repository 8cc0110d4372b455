/// Why an MCP server could not do what it was asked. The description names no secret and may be shown to clients.
public enum MCPFailure: Error, Hashable, Sendable {
    /// It cannot be started, or not be reached.
    case unavailable(String)
    /// It has ended, or its connection broke, while it was at work.
    case lost(String)
    /// It did not answer in time.
    case timeout(Duration)
    /// It answered what no MCP server answers.
    case malformed(String)
    /// It answered with an error of its own.
    case refused(code: Int64, message: String)
    /// Its answer is larger than any that is taken.
    case tooLarge(Int)
    /// The caller gave up.
    case cancelled
}

extension MCPFailure: CustomStringConvertible {
    /// What happened, as a sentence without a subject.
    public var description: String {
        switch self {
        case .unavailable(let why): "cannot be reached: \(why)"
        case .lost(let why): "was lost: \(why)"
        case .timeout(let time): "did not answer within \(time.components.seconds) s"
        case .malformed(let why): "answered what is not MCP: \(why)"
        case .refused(let code, let message): "refused: \(message) (\(code))"
        case .tooLarge(let most): "answered with more than \(most) bytes"
        case .cancelled: "was not waited for"
        }
    }
}
