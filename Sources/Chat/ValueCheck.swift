/// Checks of types. The path of a member is put together for an error only.
enum ValueCheck {
    /// Passes a value of one of `types`, `null` and what is missing.
    static func optional(_ value: JSONValue?, _ types: ValueTypes, _ path: @autoclosure () -> String) throws(GatewayError) {
        guard let value, !value.isNull, !types.admit(value) else { return }
        throw .wrongType(path(), expected: types)
    }

    /// Passes a value of one of `types` only.
    static func required(_ value: JSONValue?, _ types: ValueTypes, _ path: @autoclosure () -> String) throws(GatewayError) {
        guard let value, !value.isNull else {
            let path = path()
            throw GatewayError(.invalidRequest, "Missing required parameter: '\(path)'.", param: path)
        }
        if !types.admit(value) { throw .wrongType(path(), expected: types) }
    }

    /// Passes a list whose elements have one of `types`.
    static func elements(of list: JSONValue, _ types: ValueTypes, _ path: @autoclosure () -> String) throws(GatewayError) {
        var index = 0
        for element in list.elements {
            if !types.admit(element) { throw .wrongType("\(path()).\(index)", expected: types) }
            index += 1
        }
    }
}

/// Checks the shape of members of a request whose type alone is not enough.
enum MemberCheck {
    static func check(_ name: JSONValue, _ value: JSONValue) throws(GatewayError) {
        if name.isString("stop") {
            try ValueCheck.elements(of: value, .string, "stop")
        } else if name.isString("modalities") {
            try ValueCheck.elements(of: value, .string, "modalities")
        } else if name.isString("logit_bias") {
            for (token, bias) in value.members where bias.kind != .number {
                throw .wrongType("logit_bias.\(token.string ?? "")", expected: .number)
            }
        } else if name.isString("tool_choice") {
            try checkChoice(value)
        } else if name.isString("function_call") {
            if value.kind == .object { try ValueCheck.optional(value["name"], .string, "function_call.name") }
        } else if name.isString("audio") {
            try ValueCheck.optional(value["format"], .string, "audio.format")
            try ValueCheck.optional(value["voice"], [.string, .object], "audio.voice")
        } else if name.isString("prediction") {
            try ValueCheck.optional(value["type"], .string, "prediction.type")
            try ValueCheck.optional(value["content"], [.string, .array], "prediction.content")
        }
    }

    private static func checkChoice(_ value: JSONValue) throws(GatewayError) {
        guard value.kind == .object else { return }
        try ValueCheck.optional(value["type"], .string, "tool_choice.type")
        for name in ["function", "custom", "allowed_tools"] as [StaticString] {
            guard let choice = value[name], !choice.isNull else { continue }
            try ValueCheck.optional(choice, .object, "tool_choice.\(name)")
            try ValueCheck.optional(choice["name"], .string, "tool_choice.\(name).name")
        }
    }

    static func checkFormat(_ value: JSONValue) throws(GatewayError) {
        guard value.kind == .object else { throw .wrongType("response_format", expected: .object) }
        try ValueCheck.optional(value["type"], .string, "response_format.type")
        guard value["type"]?.isString("json_schema") == true else { return }
        let definition = value["json_schema"]
        try ValueCheck.required(definition, .object, "response_format.json_schema")
        try ValueCheck.optional(definition?["name"], .string, "response_format.json_schema.name")
        try ValueCheck.optional(definition?["description"], .string, "response_format.json_schema.description")
        try ValueCheck.optional(definition?["schema"], .object, "response_format.json_schema.schema")
        try ValueCheck.optional(definition?["strict"], .bool, "response_format.json_schema.strict")
    }
}
