internal import Chat
internal import Core

/// Types and choices.
extension GeminiSchema {
    func appendType(_ type: JSONValue, isNullable: Bool, to bytes: inout [UInt8]) {
        bytes.appendName("type")
        guard isNullable else { return bytes.appendJSON(type) }
        bytes.append("[")
        for name in type.kind == .array ? Array(type.elements) : [type] where !name.isString("null") {
            bytes.appendComma()
            bytes.appendJSON(name)
        }
        bytes.append(",\"null\"]")
    }

    /// `enum` is for strings and numbers. `null` becomes a type; for others the type and a word about them must do.
    func append(
        choices: [JSONValue], hasType: Bool, _ said: inout [(JSONValue, JSONValue)], _ name: JSONValue, _ value: JSONValue,
        to bytes: inout [UInt8]
    ) {
        let plain = choices.filter { $0.kind == .string || $0.kind == .number }
        guard plain.count == choices.count, !plain.isEmpty else {
            said.append((name, value))
            if !hasType, let kinds = Self.types(of: choices) {
                bytes.appendName("type")
                bytes.append(contentsOf: kinds)
            }
            return
        }
        bytes.appendName("enum")
        bytes.append("[")
        for choice in plain {
            bytes.appendComma()
            bytes.appendJSON(choice)
        }
        bytes.append("]")
        if !hasType, let kinds = Self.types(of: choices) {
            bytes.appendName("type")
            bytes.append(contentsOf: kinds)
        }
    }

    static func types(of choices: [JSONValue]) -> [UInt8]? {
        var names: [StaticString] = []
        func add(_ name: StaticString) { if !names.contains(where: { $0.description == name.description }) { names.append(name) } }
        for choice in choices {
            switch choice.kind {
            case .string: add("string")
            case .number: add("number")
            case .bool: add("boolean")
            case .null: add("null")
            case .object: add("object")
            case .array: add("array")
            }
        }
        guard !names.isEmpty else { return nil }
        var bytes: [UInt8] = []
        if names.count > 1 { bytes.append("[") }
        for name in names {
            if bytes.count > 1 { bytes.append(",") }
            bytes.append("\"")
            bytes.append(name)
            bytes.append("\"")
        }
        if names.count > 1 { bytes.append("]") }
        return bytes
    }

    /// What the schema says in words, and what could not be kept of it.
    func appendDescription(of schema: JSONValue, _ said: [(JSONValue, JSONValue)], to bytes: inout [UInt8]) {
        var text = schema["description"]?.stringBytes.map { Array($0) } ?? []
        if !said.isEmpty {
            if !text.isEmpty { text += Array("\n\n".utf8) }
            text.append("{")
            for (name, value) in said {
                if text.last != UInt8(ascii: "{") { text.append(", ") }
                text.append(contentsOf: name.stringBytes ?? UnsafeRawBufferPointer(start: nil, count: 0))
                // Schemas that follow a pattern are said below, some levels of them more than once.
                if name.isString("patternProperties") {
                    for (pattern, _) in value.members {
                        text.append(" ")
                        text.appendJSON(pattern)
                    }
                    continue
                }
                text.append(": ")
                text.appendJSON(value)
            }
            text.append("}")
        }
        guard !text.isEmpty || schema["description"] != nil else { return }
        bytes.appendName("description")
        bytes.appendJSONString(utf8: text)
    }
}
