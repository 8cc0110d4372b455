/// Checks the shape of `tools` and of members that refer to them.
enum ToolCheck {
    /// - Returns: how many there are.
    static func check(_ tools: JSONValue) throws(GatewayError) -> Int {
        guard tools.kind == .array else { throw .wrongType("tools", expected: .array) }
        var index = 0
        for tool in tools.elements {
            guard tool.kind == .object else { throw .wrongType("tools.\(index)", expected: .object) }
            guard let type = tool["type"], type.kind == .string else { throw .wrongType("tools.\(index).type", expected: .string) }
            if type.isString("mcp") { throw .unsupported("tools.\(index).type", "MCP tools are") }
            if type.isString("function") {
                try checkFunction(tool["function"], "tools.\(index).function")
            } else if type.isString("custom") {
                try ValueCheck.optional(tool["custom"], .object, "tools.\(index).custom")
                try ValueCheck.optional(tool["custom"]?["name"], .string, "tools.\(index).custom.name")
            }
            index += 1
        }
        return index
    }

    /// The shape of `functions`, which came before `tools`.
    static func checkFunctions(_ functions: JSONValue) throws(GatewayError) {
        guard functions.kind == .array else { throw .wrongType("functions", expected: .array) }
        var index = 0
        for function in functions.elements {
            try checkFunction(function, "functions.\(index)")
            index += 1
        }
    }

    private static func checkFunction(_ function: JSONValue?, _ path: @autoclosure () -> String) throws(GatewayError) {
        try ValueCheck.optional(function, .object, path())
        try ValueCheck.optional(function?["name"], .string, path() + ".name")
        try ValueCheck.optional(function?["description"], .string, path() + ".description")
        try ValueCheck.optional(function?["parameters"], .object, path() + ".parameters")
        try ValueCheck.optional(function?["strict"], .bool, path() + ".strict")
    }

    /// The shape of an assistant's `tool_calls`.
    /// - Returns: how many there are.
    static func checkCalls(_ calls: JSONValue, _ path: @autoclosure () -> String) throws(GatewayError) -> Int {
        if calls.isNull { return 0 }
        guard calls.kind == .array else { throw .wrongType(path(), expected: .array) }
        var index = 0
        for call in calls.elements {
            guard call.kind == .object else { throw .wrongType("\(path()).\(index)", expected: .object) }
            try ValueCheck.optional(call["id"], .string, "\(path()).\(index).id")
            try ValueCheck.optional(call["type"], .string, "\(path()).\(index).type")
            if call["type"].map({ $0.isNull || $0.isString("function") }) ?? true {
                try checkCall(call["function"], "\(path()).\(index).function")
            } else if call["type"]?.isString("custom") == true {
                try ValueCheck.optional(call["custom"], .object, "\(path()).\(index).custom")
                try ValueCheck.optional(call["custom"]?["name"], .string, "\(path()).\(index).custom.name")
                try ValueCheck.optional(call["custom"]?["input"], .string, "\(path()).\(index).custom.input")
            }
            index += 1
        }
        return index
    }

    /// The shape of a call of a function: its name and its arguments, which are a text.
    static func checkCall(_ function: JSONValue?, _ path: @autoclosure () -> String) throws(GatewayError) {
        try ValueCheck.optional(function, .object, path())
        try ValueCheck.optional(function?["name"], .string, path() + ".name")
        try ValueCheck.optional(function?["arguments"], .string, path() + ".arguments")
    }

    /// Whether the provider itself executes the tool, and charges for it: every type that the client does not execute.
    static func isProvidersOwn(_ tool: JSONValue) -> Bool {
        tool["type"].map { !$0.isString("function") && !$0.isString("custom") } ?? false
    }
}
