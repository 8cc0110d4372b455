/// A certificate file that cannot be used, with the reason and the remedy.
public struct TLSConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file or directory.
    public let path: String
    /// What is wrong with it.
    public let problem: String
    /// What to do about it.
    public let remedy: String

    init(_ path: String, _ problem: String, remedy: String) {
        self.path = path
        self.problem = problem
        self.remedy = remedy
    }

    /// One line, e.g. `certs/server.pem: expired on 2026-01-31 12:00:00 UTC; put a renewed certificate there`.
    public var description: String { "\(path): \(problem); \(remedy)" }
}
