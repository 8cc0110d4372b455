extension [UInt8] {
    /// Appends `value` as JSON text. Integers are written exactly, other numbers as the shortest decimal that reads back the same.
    public mutating func appendJSON(_ value: JSONValue) {
        switch value.kind {
        case .object: appendMembers(of: value)
        case .array: appendElements(of: value)
        case .string: if let bytes = value.stringBytes { appendJSONString(bytes) }
        case .number: appendNumber(value)
        case .bool: if value.bool == true { append("true") } else { append("false") }
        case .null: append("null")
        }
    }

    private mutating func appendMembers(of object: JSONValue) {
        append(UInt8(ascii: "{"))
        var isFirst = true
        for (name, value) in object.members {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            appendJSON(name)
            append(UInt8(ascii: ":"))
            appendJSON(value)
        }
        append(UInt8(ascii: "}"))
    }

    private mutating func appendElements(of array: JSONValue) {
        append(UInt8(ascii: "["))
        var isFirst = true
        for element in array.elements {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            appendJSON(element)
        }
        append(UInt8(ascii: "]"))
    }

    private mutating func appendNumber(_ value: JSONValue) {
        if let integer = value.int64 {
            appendJSONNumber(integer)
        } else {
            append(contentsOf: (value.double ?? 0).description.utf8)
        }
    }
}
