internal import Core

/// Appending values that were read.
extension [UInt8] {
    /// Appends `value` as compact JSON, as it was read: numbers beyond 64 bits and a double's range have become ±9e307. The value's own text,
    /// where it is at hand, is more faithful.
    public mutating func appendJSON(_ value: JSONValue) {
        switch value.kind {
        case .object:
            appendList(value.members, open: "{", close: "}") { out, member in
                out.appendJSON(member.name)
                out.append(":")
                out.appendJSON(member.value)
            }
        case .array: appendList(value.elements) { out, element in out.appendJSON(element) }
        case .string: if let text = value.stringBytes { appendJSONString(text) }
        case .number: appendNumber(value)
        case .bool: append(value.bool == true ? "true" : "false")
        case .null: append("null")
        }
    }

    private mutating func appendNumber(_ value: JSONValue) {
        if let integer = value.int64 { return appendJSONNumber(integer) }
        if let integer = value.uint64 { return appendDigits(integer, atLeast: 1) }
        append(contentsOf: (value.double ?? 0).description.utf8)
    }
}
