package import Ledger
package import MCP

extension UsageRecord {
    /// Makes it the record of a call to a tool that has ended.
    /// - Parameters:
    ///   - failure: why there is no result of the server's; `nil`: there is one.
    ///   - isError: whether the result says that the tool failed.
    package mutating func endTool(_ tool: String, of server: String, _ failure: MCPFailure?, isError: Bool) {
        (role, provider, model, self.tool) = ("tool", server, nil, "\(server)/\(tool)")
        switch failure {
        case .cancelled: (status, errorCode) = (.canceled, nil)
        case .timeout: (status, errorCode) = (.timeout, "tool_error")
        default: (status, errorCode) = isError || failure != nil ? (.error, "tool_error") : (.ok, nil)
        }
    }
}
