internal import Chat
internal import Core

/// What a client is told of tools beside the answer, in the words of the Dedalus SDK. Pure.
struct ToolReport {
    /// A tool that was called.
    struct Use {
        let server: String
        /// Its name at the server.
        let tool: String
        /// As the model wrote them.
        let arguments: [UInt8]
        /// What the model was told.
        let result: String
        let isError: Bool
        let milliseconds: Int64
    }

    /// The tools that were called, in the order in which they were recorded.
    var uses: [Use] = []
    /// MCP servers that could not be used, and why.
    var serverErrors: [(server: String, why: String)] = []

    /// The members of an answer.
    func members(turns: Int, _ reader: JSONReader) -> [(name: StaticString, json: [UInt8])] {
        var results: [UInt8] = []
        results.appendList(uses) { Self.append($1, to: &$0, reader) }
        var names: [UInt8] = []
        names.appendList(uses) { $0.appendJSONString($1.tool) }
        var members: [(name: StaticString, json: [UInt8])] = [
            ("mcp_tool_results", results), ("tools_executed", names), ("turns_consumed", Array("\(turns)".utf8)),
        ]
        if !serverErrors.isEmpty {
            var errors: [UInt8] = []
            errors.appendList(serverErrors, open: "{", close: "}") { json, error in
                json.appendJSONString(error.server)
                json.append(":{\"message\":")
                json.appendJSONString("The server \(error.why).")
                json.append("}")
            }
            members.append(("mcp_server_errors", errors))
        }
        return members
    }

    private static func append(_ use: Use, to json: inout [UInt8], _ reader: JSONReader) {
        json.append("{\"server_name\":")
        json.appendJSONString(use.server)
        json.append(",\"tool_name\":")
        json.appendJSONString(use.tool)
        json.append(",\"arguments\":")
        let isObject = (try? reader.read(use.arguments) { $0.kind == .object }) == true
        json += isObject ? use.arguments : Array("{}".utf8)
        json.append(",\"is_error\":")
        json.append(use.isError ? "true" : "false")
        json.append(",\"duration_ms\":")
        json.appendJSONNumber(use.milliseconds)
        json.append(",\"result\":")
        json.appendJSONString(use.result)
        json.append("}")
    }
}
