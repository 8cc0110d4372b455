internal import Chat
internal import Core

/// A JSON Schema as Anthropic's structured outputs take it (Anthropic, "Structured outputs", JSON Schema limitations). Claude on Bedrock takes
/// the same.
///
/// Only a schema that `fits` is written: nothing is closed or narrowed. Constraints on single values that cannot be enforced are told to the model
/// in the description, as Anthropic's own libraries do.
enum AnthropicSchema {
    static func append(_ schema: JSONValue, to bytes: inout [UInt8]) {
        guard schema.kind == .object else { return bytes.appendJSON(schema) }
        bytes.append("{")
        // Asked once: a schema may repeat a keyword thousands of times.
        let (isAnnotated, hasAnyOf) = (isAnnotated(schema), schema["anyOf"] != nil)
        for (name, value) in schema.members {
            // Beside a reference nothing else may stand.
            if name.isString("$ref"), isAnnotated {
                bytes.appendName("anyOf")
                bytes.append("[{\"$ref\":")
                bytes.appendJSON(value)
                bytes.append("}]")
            } else {
                append(name, value, hasAnyOf: hasAnyOf, to: &bytes)
            }
        }
        appendDescription(of: schema, to: &bytes)
        if schema.isSilentlyClosed {
            bytes.appendName("additionalProperties")
            bytes.append("false")
        }
        bytes.append("}")
    }

    private static func append(_ name: JSONValue, _ value: JSONValue, hasAnyOf: Bool, to bytes: inout [UInt8]) {
        switch rule(name, value) {
        case .left, .said, .description: return
        case .kept: appendMember(name, to: &bytes) { $0.appendJSON(value) }
        case .schema: appendMember(name, to: &bytes) { append(value, to: &$0) }
        case .namedSchemas:
            appendMember(name, to: &bytes) { bytes in
                bytes.append("{")
                for (name, schema) in value.members { appendMember(name, to: &bytes) { append(schema, to: &$0) } }
                bytes.append("}")
            }
        case .schemas:
            // `oneOf` is not known; that its branches exclude each other cannot be had.
            let isOneOf = name.isString("oneOf")
            if isOneOf, hasAnyOf { return }
            if isOneOf { bytes.appendName("anyOf") } else { appendMember(name, to: &bytes) { _ in } }
            appendSchemas(value, to: &bytes)
        }
    }

    private static func appendMember(_ name: JSONValue, to bytes: inout [UInt8], _ value: (inout [UInt8]) -> Void) {
        bytes.appendComma()
        bytes.appendJSON(name)
        bytes.append(":")
        value(&bytes)
    }

    private static func appendSchemas(_ list: JSONValue, to bytes: inout [UInt8]) {
        bytes.append("[")
        for schema in list.elements {
            bytes.appendComma()
            append(schema, to: &bytes)
        }
        bytes.append("]")
    }

    /// What the schema says in words, and what could not be kept of it.
    private static func appendDescription(of schema: JSONValue, to bytes: inout [UInt8]) {
        var text = schema["description"]?.stringBytes.map { Array($0) } ?? []
        let said = schema.members.filter { rule($0.name, $0.value) == .said }
        if !said.isEmpty {
            if !text.isEmpty { text.append("\n\n") }
            text.append("{")
            for (name, value) in said {
                if text.last != UInt8(ascii: "{") { text.append(", ") }
                text.append(contentsOf: name.stringBytes ?? UnsafeRawBufferPointer(start: nil, count: 0))
                text.append(": ")
                text.appendJSON(value)
            }
            text.append("}")
        }
        guard !text.isEmpty else { return }
        bytes.appendName("description")
        text.withUnsafeBytes { bytes.appendJSONString($0) }
    }

    /// Whether something that the model is to read stands beside the schema's reference.
    private static func isAnnotated(_ schema: JSONValue) -> Bool {
        schema.members.contains { !$0.name.isOne(of: ["$ref", "$defs", "definitions", "title", "$schema", "$id", "$comment"]) }
    }

    private enum Rule {
        /// Passed on as it is.
        case kept
        /// Holds a schema, a list of them, or an object of them.
        case schema, schemas, namedSchemas
        case description
        /// Told in the description.
        case said
        /// Of no use to the model.
        case left
    }

    private static func rule(_ name: JSONValue, _ value: JSONValue) -> Rule {
        func isOne(of names: [StaticString]) -> Bool { names.contains { name.isString($0) } }
        if isOne(of: ["type", "enum", "const", "required", "title", "$ref", "additionalProperties"]) { return .kept }
        if name.isString("description") { return .description }
        if isOne(of: ["properties", "$defs", "definitions"]) { return value.kind == .object ? .namedSchemas : .left }
        if isOne(of: ["anyOf", "oneOf", "allOf"]) { return value.kind == .array ? .schemas : .left }
        if name.isString("items") { return value.kind == .object ? .schema : .said }
        if name.isString("minItems") { return value.int64 == 0 || value.int64 == 1 ? .kept : .said }
        if name.isString("format") { return formats.contains { value.isString($0) } ? .kept : .said }
        return isOne(of: ["$schema", "$id", "$comment", "strict"]) ? .left : .said
    }

    private static let formats: [StaticString] = [
        "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
    ]
}
