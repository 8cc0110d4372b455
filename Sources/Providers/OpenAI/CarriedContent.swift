internal import Chat
internal import Core

/// What a delta or a message of OpenAI's dialect carries, and how it must change for clients to read it.
///
/// Content is text, reasoning, a refusal, a tool call, sound, and whatever else is not empty. A role, an index, a type or an id alone is
/// not content.
struct CarriedContent {
    /// Bytes of text, reasoning, refusals and arguments, as they stand in the JSON.
    private(set) var textBytes = 0
    /// Whether there is anything that a client sees.
    private(set) var isSomething = false
    /// The texts, for a pattern of the chunks that follow.
    private(set) var holes: [ChunkTemplate.Hole] = []
    /// How many tools are called.
    private(set) var callCount = 0
    private var hasReasoning = false

    /// Takes in a delta or a message.
    mutating func read(_ holder: JSONRawMember, isDelta: Bool, _ changes: inout TextChanges) {
        var details: JSONValue?
        for member in holder.rawMembers {
            let name = member.name
            if name.isString("content") {
                if member.value.kind == .array { readParts(member, isDelta, &changes) } else { readText(member) }
            } else if name.isString("reasoning_content") || name.isString("reasoning") || name.isString("thinking") {
                readText(member)
                if member.value.stringBytes?.isEmpty == false { hasReasoning = true }
            } else if name.isString("refusal") {
                readText(member)
            } else if name.isString("tool_calls") {
                for call in member.rawElements { readCall(call["function"] ?? call["custom"], &changes) }
            } else if name.isString("function_call") {
                if member.value.kind == .object { readCall(member, &changes) }
            } else if name.isString("reasoning_details") {
                details = member.value
            } else if !name.isString("role"), Self.isSomething(member.value) {
                isSomething = true
            }
        }
        // Reasoning that is told twice counts once.
        if let details, Self.isSomething(details) {
            isSomething = true
            if !hasReasoning { textBytes += Self.textSize(details) }
        }
    }

    private mutating func readText(_ member: JSONRawMember) {
        guard member.value.kind == .string else { return }
        let range = member.valueRange.dropFirst().dropLast()
        holes.append(ChunkTemplate.Hole(range: range.lowerBound..<range.upperBound, isText: true))
        count(range.count)
    }

    private mutating func count(_ bytes: Int) {
        guard bytes > 0 else { return }
        textBytes += bytes
        isSomething = true
    }

    /// A function call or a custom tool's call: arguments that are no text are put into one.
    private mutating func readCall(_ call: JSONRawMember?, _ changes: inout TextChanges) {
        guard let call else { return }
        callCount += 1
        if call.value["name"]?.stringBytes?.isEmpty == false { isSomething = true }
        for member in call.rawMembers where member.name.isString("arguments") || member.name.isString("input") {
            if member.value.kind == .object {
                var text: [UInt8] = []
                text.appendJSONString(member.valueText)
                changes.replace(member.valueRange, with: text)
                count(text.count - 2)
            } else {
                readText(member)
            }
        }
    }

    // MARK: Content in parts

    /// Content as a list of parts (Mistral): texts become the content, thoughts the reasoning. A list with parts of other kinds stays as it is.
    private mutating func readParts(_ content: JSONRawMember, _ isDelta: Bool, _ changes: inout TextChanges) {
        var (text, thoughts): ([UInt8], [UInt8]) = ([], [])
        var isKnown = true
        for part in content.rawElements {
            if part.value.kind == .string {
                text += Self.inner(part.text)
            } else if let member = part["text"], part.value["type"].map({ $0.isString("text") || $0.isString("output_text") }) ?? true {
                text += Self.inner(member)
            } else if let member = part["thinking"] ?? part["reasoning"] {
                thoughts += Self.thoughts(member)
            } else {
                isKnown = false
            }
        }
        guard isKnown else {
            count(Self.textSize(content.value))
            return
        }
        count(text.count + thoughts.count)
        if !thoughts.isEmpty { hasReasoning = true }
        changes.replace(content.range, with: Self.members(text, thoughts, isDelta: isDelta))
    }

    /// - Parameters: the insides of JSON strings.
    private static func members(_ text: [UInt8], _ thoughts: [UInt8], isDelta: Bool) -> [UInt8] {
        var members: [UInt8] = []
        if !text.isEmpty || thoughts.isEmpty {
            members = Array("\"content\":\"".utf8) + text + [UInt8(ascii: "\"")]
        } else if !isDelta {
            members = Array("\"content\":null".utf8)
        }
        guard !thoughts.isEmpty else { return members }
        if !members.isEmpty { members.append(UInt8(ascii: ",")) }
        return members + Array("\"reasoning_content\":\"".utf8) + thoughts + [UInt8(ascii: "\"")]
    }

    private static func thoughts(_ member: JSONRawMember) -> [UInt8] {
        if member.value.kind == .string { return inner(member) }
        return member.rawElements.reduce(into: []) { thoughts, element in
            if element.value.kind == .string {
                thoughts += inner(element.text)
            } else if let text = element["text"] {
                thoughts += inner(text)
            }
        }
    }

    private static func inner(_ member: JSONRawMember) -> [UInt8] { member.value.kind == .string ? inner(member.valueText) : [] }

    /// What stands between the quotes of a JSON string.
    private static func inner(_ string: UnsafeRawBufferPointer) -> [UInt8] { Array(string.dropFirst().dropLast()) }

    // MARK: Other values

    /// Whether a value holds anything that a client sees: what only describes it is nothing.
    private static func isSomething(_ value: JSONValue) -> Bool {
        switch value.kind {
        case .string: value.stringBytes?.isEmpty == false
        case .array: value.elements.contains { isSomething($0) }
        case .object: value.members.contains { member in !describing.contains { member.name.isString($0) } && isSomething(member.value) }
        case .number, .bool, .null: false
        }
    }

    private static let describing: [StaticString] = ["role", "type", "index", "object", "id", "format", "name"]

    /// The size of all texts in a value.
    private static func textSize(_ value: JSONValue) -> Int {
        switch value.kind {
        case .string: value.stringBytes?.count ?? 0
        case .array: value.elements.reduce(0) { $0 + textSize($1) }
        case .object:
            value.members.reduce(0) { size, member in
                describing.contains { member.name.isString($0) } ? size : size + textSize(member.value)
            }
        case .number, .bool, .null: 0
        }
    }
}
