internal import Core

/// The shape of `messages`: lenient on what providers add, strict on what every provider needs.
struct MessageCheck {
    /// Bytes of everything in the messages that a model reads as text, for an estimate.
    private(set) var textBytes = 0
    /// The media in the messages.
    private(set) var media = MediaTally()
    /// Parts of all messages whose content is a list.
    private(set) var parts = 0
    /// Tool calls of all messages.
    private(set) var toolCalls = 0
    /// The number of messages.
    private(set) var count = 0

    init(_ messages: JSONValue) throws(GatewayError) {
        guard messages.kind == .array else { throw .wrongType("messages", expected: .array) }
        for message in messages.elements {
            guard message.kind == .object else { throw .wrongType("messages.\(count)", expected: .object) }
            try checkMembers(of: message, count)
            count += 1
        }
    }

    private mutating func checkMembers(of message: JSONValue, _ index: Int) throws(GatewayError) {
        var hasRole = false
        for (name, value) in message.members {
            if name.isString("role") {
                try checkRole(value, index)
                hasRole = true
            } else if name.isString("content") {
                try checkContent(value, index)
            } else {
                textBytes += value.textBytes
                media.note(memberOfMessage: name, value)
                try check(name, value, index)
            }
        }
        if !hasRole {
            throw GatewayError(.invalidRequest, "Missing required parameter: 'messages.\(index).role'.", param: "messages.\(index).role")
        }
    }

    private mutating func check(_ name: JSONValue, _ value: JSONValue, _ index: Int) throws(GatewayError) {
        if name.isString("tool_calls") {
            toolCalls += try ToolCheck.checkCalls(value, "messages.\(index).tool_calls")
        } else if name.isString("function_call"), !value.isNull {
            try ToolCheck.checkCall(value, "messages.\(index).function_call")
            toolCalls += 1
        } else {
            for rule in Self.members where name.isString(rule.name) {
                try ValueCheck.optional(value, rule.types, "messages.\(index).\(rule.name)")
            }
        }
    }

    private static let members: [(name: StaticString, types: ValueTypes)] = [
        ("name", .string), ("tool_call_id", .string), ("refusal", .string), ("audio", .object), ("reasoning_content", .string),
        ("reasoning_details", .array), ("thinking_blocks", .array), ("annotations", .array), ("is_error", .bool),
        ("cache_control", .object),
    ]

    private func checkRole(_ role: JSONValue, _ index: Int) throws(GatewayError) {
        guard role.kind == .string else { throw .wrongType("messages.\(index).role", expected: .string) }
        let isKnown =
            role.isString("user") || role.isString("assistant") || role.isString("system") || role.isString("tool")
            || role.isString("developer") || role.isString("function")
        if !isKnown {
            throw .invalid("messages.\(index).role", "expected system, developer, user, assistant, tool or function")
        }
    }

    private mutating func checkContent(_ content: JSONValue, _ index: Int) throws(GatewayError) {
        switch content.kind {
        case .null: return
        case .string: textBytes += content.stringBytes?.count ?? 0
        case .array:
            var part = 0
            for element in content.elements {
                try PartCheck.check(element, "messages.\(index).content.\(part)")
                note(element)
                part += 1
            }
            parts += part
        default: throw .wrongType("messages.\(index).content", expected: [.string, .array])
        }
    }
}

extension MessageCheck {
    private mutating func note(_ part: JSONValue) {
        let before = media
        media.note(part: part)
        if let text = part["text"]?.stringBytes, part["type"]?.isString("text") ?? true {
            textBytes += text.count
        } else if media.images == before.images {
            textBytes += part.textBytes - (media.payloadBytes - before.payloadBytes)
        }
    }
}

/// The client's data for the bill: user and tags.
enum RequestTags {
    /// The most tags of one request.
    static let most = 16

    /// The end user; an empty text counts as none.
    static func user(_ value: JSONValue) throws(GatewayError) -> String? {
        guard let user = value.string else { throw .wrongType("user", expected: .string) }
        guard user.utf8.count <= 256 else { throw .invalid("user", "expected at most 256 bytes") }
        return user.isEmpty ? nil : user
    }

    /// `max_cost` in USD: a number, or a string with an exact decimal. A number is taken to the nearest nano-dollar.
    static func maxCost(_ value: JSONValue) throws(GatewayError) -> NanoUSD {
        let amount: NanoUSD?
        if let text = value.string {
            amount = NanoUSD(decimal: text)
        } else {
            amount = value.double.flatMap { Int64(exactly: ($0 * 1e9).rounded()) }.map { NanoUSD(nanos: $0) }
        }
        guard let amount, amount >= .zero else { throw .invalid("max_cost", "expected an amount of USD such as 0.05, zero or more") }
        return amount
    }

    static func metadata(_ value: JSONValue) throws(GatewayError) -> [String: String] {
        guard value.kind == .object else { throw .wrongType("metadata", expected: .object) }
        var tags: [String: String] = [:]
        for (name, value) in value.members {
            let name = name.string ?? ""
            guard name.utf8.count <= 64 else { throw .invalid("metadata", "names may have at most 64 bytes") }
            guard let text = value.string else { throw .wrongType("metadata.\(name)", expected: .string) }
            guard text.utf8.count <= 512 else { throw .invalid("metadata.\(name)", "expected at most 512 bytes") }
            tags[name] = text
            guard tags.count <= most else { throw .invalid("metadata", "expected at most \(most) members") }
        }
        return tags
    }
}
