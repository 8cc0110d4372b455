internal import Chat

/// Tool calls' names, ids and arguments in forms that every provider takes.
struct ToolArguments {
    /// A reader of its own, because arguments are texts within the text that is being read; made when the first is needed.
    private var reader: JSONReader?

    /// Appends arguments as a JSON object. What a model wrote that is none is kept as its member `raw_arguments`.
    mutating func append(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        if !text.hasInk { return bytes.append("{}") }
        if isObject(text) { return bytes.append(contentsOf: text) }
        bytes.append("{\"raw_arguments\":")
        bytes.appendJSONString(text)
        bytes.append("}")
    }

    /// Appends a call from where its id stands to the end of its arguments: `ID,"name":…,"input":{…}`, as Anthropic and Bedrock both have it.
    mutating func appendIDNameInput(_ call: ClientToolCall, to bytes: inout [UInt8]) {
        Self.appendID(call.id, to: &bytes)
        bytes.append(",\"name\":")
        bytes.appendJSONString(call.name)
        bytes.append(",\"input\":")
        append(call.arguments, to: &bytes)
    }

    /// Whether `text` is a JSON object.
    mutating func isObject(_ text: UnsafeRawBufferPointer) -> Bool {
        let reader = reader ?? JSONReader()
        self.reader = reader
        return (try? reader.read(text) { $0.kind == .object }) == true
    }

    /// Appends the id of a call, made of letters, digits, `_` and `-` only, whoever made it up.
    static func appendID(_ id: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        bytes.append("\"")
        for byte in id.prefix(64) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                bytes.append(byte)
            default: bytes.append(UInt8(ascii: "_"))
            }
        }
        bytes.append("\"")
    }

    /// The names of the tools that the conversation has used, each once. Some providers want used tools to be declared even when no more
    /// may be called.
    static func namesUsed(in messages: [ClientMessage]) -> [UnsafeRawBufferPointer] {
        var seen: Set<[UInt8]> = []
        return messages.flatMap(\.toolCalls).map(\.name).filter { seen.insert(Array($0)).inserted }
    }

    /// A name that none of the tools has.
    static func freeName(_ wanted: String, besides tools: [ClientTool]) -> String {
        var name = wanted
        while tools.contains(where: { $0.name.elementsEqual(name.utf8) }) { name += "_" }
        return name
    }
}

extension ClientTool {
    /// Appends the schema of the arguments. Some providers refuse all tools because of one schema that does not say `"type": "object"`.
    func appendSchema(to bytes: inout [UInt8]) {
        guard let parameters, !parameters.value.isEmptyContainer else { return bytes.append("{\"type\":\"object\",\"properties\":{}}") }
        guard parameters.value["type"] == nil else { return bytes.append(contentsOf: parameters.valueText) }
        bytes.append("{\"type\":\"object\",")
        bytes.append(contentsOf: parameters.valueText.dropFirst())
    }
}

extension [UInt8] {
    /// Appends a tool call's id as a JSON string. One that is made up differs from those of other calls and other answers.
    mutating func appendToolCallID(_ id: UnsafeRawBufferPointer?, at index: Int, _ context: AnswerContext) {
        if let id, !id.isEmpty { return appendJSONString(id) }
        appendJSONString("call_\(context.id.split(separator: "-").last ?? "")_\(index)")
    }

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
