internal import Chat
internal import Core

/// Tool calls' arguments in a form that every provider takes.
struct ToolArguments {
    /// A reader of its own, because arguments are texts within the text that is being read; made when the first is needed.
    private var reader: JSONReader?

    /// Appends arguments as a JSON object. What a model wrote that is not an object is kept as the member `raw_arguments` of one.
    mutating func append(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        if !text.hasInk { return bytes.append("{}") }
        if isObject(text) { return bytes.append(contentsOf: text) }
        bytes.append("{\"raw_arguments\":")
        bytes.appendJSONString(text)
        bytes.append("}")
    }

    /// Appends a call from where its id stands to the end of its arguments: `ID,"name":…,"input":{…}`, as Anthropic and Bedrock both have it.
    mutating func appendIDNameInput(_ call: Prompt.Call, to bytes: inout [UInt8]) {
        bytes.appendJSONString(utf8: call.id)
        bytes.append(",\"name\":")
        bytes.appendJSONString(utf8: call.name)
        bytes.append(",\"input\":")
        append(call.arguments, to: &bytes)
    }

    /// Whether `text` is a JSON object.
    /// - Parameter withoutReferences: whether one with a member `$ref` anywhere in it counts as none.
    mutating func isObject(_ text: UnsafeRawBufferPointer, withoutReferences: Bool = false) -> Bool {
        let reader = reader ?? JSONReader()
        self.reader = reader
        return (try? reader.read(text) { $0.kind == .object && !(withoutReferences && Self.hasReference($0)) }) == true
    }

    private static func hasReference(_ value: JSONValue) -> Bool {
        switch value.kind {
        case .object: value.members.contains { $0.name.isString("$ref") || hasReference($0.value) }
        case .array: value.elements.contains(where: hasReference)
        default: false
        }
    }
}

extension [UInt8] {
    /// Appends UTF-8 as a JSON string.
    mutating func appendJSONString(utf8: [UInt8]) { utf8.withUnsafeBytes { appendJSONString($0) } }

    /// Appends the provider's name of a tool as a JSON string.
    mutating func appendName(of tool: Prompt.Tool) { appendJSONString(utf8: tool.name) }

    /// Appends a comma unless a list or an object has just been opened.
    mutating func appendComma() {
        if last != UInt8(ascii: "{"), last != UInt8(ascii: "[") { append(",") }
    }

    /// Appends a member's name with its colon, and a comma before it where one is due.
    mutating func appendName(_ name: StaticString) {
        appendComma()
        append("\"")
        append(name)
        append("\":")
    }
}
