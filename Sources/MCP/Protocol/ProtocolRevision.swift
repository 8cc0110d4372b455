/// The revisions of MCP that are spoken: https://modelcontextprotocol.io/specification.
enum ProtocolRevision {
    /// The current one: stateless, every request carries what the handshake used to.
    static let modern = "2026-07-28"
    /// The newest with a handshake.
    static let newestLegacy = "2025-11-25"
    /// Those with a handshake.
    static let legacy = ["2024-11-05", "2025-03-26", "2025-06-18", newestLegacy]

    /// All of them, the newest first.
    static let known = [modern] + legacy.reversed()

    /// Errors that only a server of the modern era has.
    static let modernErrors: Set<Int64> = [-32_020, -32_021, -32_022]
}
