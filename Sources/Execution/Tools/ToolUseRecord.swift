/// A tool that was called for a request: what `mcp_tool_results` and `purser.tools` tell of it.
public struct ToolUseRecord: Sendable {
    /// The server.
    public let server: String
    /// The tool's name at the server.
    public let tool: String
    /// JSON as the model wrote it.
    public let arguments: [UInt8]
    /// What the model was told.
    public let result: String
    /// Whether that is an error.
    public let isError: Bool
    /// How long it took, in milliseconds.
    public let milliseconds: Int64
}
