internal import Chat

/// A tool that a client offers.
struct ClientTool {
    /// Where it stands in `tools`.
    let index: Int
    let name: UnsafeRawBufferPointer
    let description: UnsafeRawBufferPointer?
    /// The JSON Schema of its arguments, as it stands in the request; `nil`: it takes none.
    let parameters: JSONRawMember?
    /// Whether its arguments must follow the schema to the letter.
    let isStrict: Bool
    /// The mark for the prompt cache.
    let mark: CacheMark?

    static func readAll(_ list: JSONRawMember) throws(GatewayError) -> [ClientTool] {
        var tools: [ClientTool] = []
        for (index, tool) in list.rawElements.enumerated() { tools.append(try ClientTool(tool, index)) }
        return tools
    }

    private init(_ tool: JSONRawElement, _ index: Int) throws(GatewayError) {
        self.index = index
        let path = "tools.\(index)"
        guard let type = tool.value["type"], type.isString("function") else {
            throw .notTaken(path + ".type", "A tool of type '\(String((tool.value["type"]?.string ?? "").prefix(64)))' is")
        }
        guard let function = tool["function"], function.value.kind == .object else {
            throw .malformed(path + ".function", "expected an object")
        }
        guard let name = function.value["name"]?.stringBytes, !name.isEmpty else {
            throw .malformed(path + ".function.name", "expected a string")
        }
        self.name = name
        description = function.value["description"]?.stringBytes
        parameters = function["parameters"].flatMap { $0.value.kind == .object ? $0 : nil }
        isStrict = function.value["strict"]?.bool == true
        mark = CacheMark(tool.value["cache_control"] ?? function.value["cache_control"])
    }
}

/// Whether and which tools the model is to call.
enum ClientToolChoice {
    case auto, none, required
    case named(UnsafeRawBufferPointer)

    init(_ value: JSONValue) throws(GatewayError) {
        // As a word, as an object of one (`{"type":"auto"}`), and as other dialects have it.
        let word = value.kind == .object ? value["type"] ?? value : value
        if word.isString("auto") {
            self = .auto
        } else if word.isString("none") {
            self = .none
        } else if word.isString("required") || word.isString("any") {
            self = .required
        } else if let name = value["function"]?["name"]?.stringBytes {
            self = .named(name)
        } else if word.isString("function") || word.isString("tool"), let name = value["name"]?.stringBytes {
            self = .named(name)
        } else {
            throw .notTaken("tool_choice", "This 'tool_choice' is")
        }
    }

    var isNone: Bool { if case .none = self { true } else { false } }

    /// Whether the model must call a tool.
    var isForced: Bool {
        switch self {
        case .auto, .none: false
        case .required, .named: true
        }
    }
}

/// The shape that the answer's text must have.
enum ClientFormat {
    /// What a tool that stands in for a format is for, as the model is told.
    static let toolDescription: StaticString = "Gives the answer to the user. Call it with the whole answer."

    case text
    /// Any JSON object.
    case anyObject
    /// JSON that follows a schema.
    case schema(JSONRawMember, name: UnsafeRawBufferPointer?, isStrict: Bool)

    init(_ member: JSONRawMember) throws(GatewayError) {
        let type = member.value["type"]
        if type?.isString("text") == true {
            self = .text
        } else if type?.isString("json_object") == true {
            self = .anyObject
        } else if type?.isString("json_schema") == true {
            guard let definition = member["json_schema"], definition.value.kind == .object else {
                throw .malformed("response_format.json_schema", "expected an object")
            }
            guard let schema = definition["schema"], schema.value.kind == .object else {
                throw .malformed("response_format.json_schema.schema", "expected an object")
            }
            self = .schema(
                schema, name: definition.value["name"]?.stringBytes, isStrict: definition.value["strict"]?.bool == true)
        } else {
            throw .notTaken("response_format.type", "This response format is")
        }
    }
}
