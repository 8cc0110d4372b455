/// One policy file as its bytes; reading it from disk is the caller's business.
public struct PolicyFile: Sendable {
    /// The path that diagnostics name, e.g. `policies/main.yaml`.
    public let path: String
    /// The content; must be UTF-8, at most ``PolicyLimits/fileBytes`` bytes.
    public let bytes: [UInt8]

    /// Makes a file of its content.
    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// Makes a file of a text.
    public init(path: String, text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }
}

/// Bounds on the size of policies. Exceeding one is an error that names it.
public enum PolicyLimits {
    /// Bytes of one file: 1 MiB.
    public static let fileBytes = 1 << 20
    /// Bytes of all files together: 8 MiB.
    public static let totalBytes = 8 << 20
    /// Levels of lists and mappings inside each other.
    public static let nesting = 32
    /// Scalars, lists and mappings in all files together.
    public static let nodes = 100_000
    /// Rules of one route. Each is compared with all before it, to find rules that cannot be reached.
    public static let rules = 1000
    /// Bytes of a name of anything: a provider, a model, a team, a key.
    public static let nameBytes = 256
    /// Errors that are reported at once; as many notices.
    public static let diagnostics = 50
}
