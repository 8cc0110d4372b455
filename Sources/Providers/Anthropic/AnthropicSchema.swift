internal import Chat

/// A JSON Schema as Anthropic's structured outputs take it: objects closed, and without the constraints that they do not know.
///
/// What is left out would make the whole request fail (Anthropic, "Structured outputs", JSON Schema limitations). It only narrows values.
enum AnthropicSchema {
    static func append(_ schema: JSONValue, to bytes: inout [UInt8]) {
        guard schema.kind == .object else { return bytes.appendJSON(schema) }
        bytes.append("{")
        var isObject = false
        for (name, value) in schema.members {
            if name.isString("type"), value.isString("object") || value.elements.contains(where: { $0.isString("object") }) { isObject = true }
            guard isKept(name, value) else { continue }
            // `oneOf` is not known; that its branches exclude each other cannot be had.
            if name.isString("oneOf"), schema["anyOf"] == nil {
                bytes.appendName("anyOf")
            } else {
                bytes.appendComma()
                bytes.appendJSON(name)
                bytes.append(":")
            }
            append(value, under: name, to: &bytes)
        }
        if isObject || schema["properties"] != nil {
            bytes.appendName("additionalProperties")
            bytes.append("false")
        }
        bytes.append("}")
    }

    private static let dropped: [StaticString] = [
        "additionalProperties", "$schema", "$id", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
        "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties",
    ]

    private static func isKept(_ name: JSONValue, _ value: JSONValue) -> Bool {
        if name.isString("minItems") { return value.int64 == 0 || value.int64 == 1 }
        return !dropped.contains { name.isString($0) }
    }

    private static func append(_ value: JSONValue, under name: JSONValue, to bytes: inout [UInt8]) {
        if name.isString("properties") || name.isString("$defs") || name.isString("definitions") {
            bytes.append("{")
            for (name, schema) in value.members {
                bytes.appendComma()
                bytes.appendJSON(name)
                bytes.append(":")
                append(schema, to: &bytes)
            }
            bytes.append("}")
        } else if name.isString("anyOf") || name.isString("allOf") || name.isString("oneOf") {
            bytes.append("[")
            for schema in value.elements {
                bytes.appendComma()
                append(schema, to: &bytes)
            }
            bytes.append("]")
        } else if name.isString("items") {
            append(value, to: &bytes)
        } else {
            bytes.appendJSON(value)
        }
    }
}
