internal import Chat
internal import Core

/// Reads `settings:`, the members that a call's body gets.
enum SettingsDecoder {
    /// Members that settings cannot set: they decide where a call goes, what it may cost or how its answer is read, and have keys of their
    /// own.
    private static let reserved: Set<String> = [
        "model", "models", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "tools", "metadata", "user",
        "max_cost", "mcp_servers", "api_key", "api_base", "base_url", "headers",
    ]

    /// The mapping as a JSON object.
    static func json(_ field: FieldReader) -> [UInt8]? {
        guard let entries = field.entries(expected: "a mapping of request members such as {temperature: 0}") else { return nil }
        var isValid = true
        for entry in entries where reserved.contains(entry.name) {
            let advice = entry.name.hasPrefix("max_") && entry.name != "max_cost" ? "; use max_output_tokens beside it" : ""
            field.diagnostics.error(at: entry.place, "\"\(entry.name)\" cannot be among the settings\(advice)")
            isValid = false
        }
        var json: [UInt8] = []
        return append(field.node, field, to: &json) && isValid ? json : nil
    }

    private static func append(_ node: Node, _ field: FieldReader, to json: inout [UInt8]) -> Bool {
        switch node.content {
        case .scalar(let scalar): return append(scalar, at: node, field, to: &json)
        case .list(let items):
            return appendAll(items, "[", "]", to: &json) { item, json in append(item, field, to: &json) }
        case .mapping(let entries):
            return appendAll(entries, "{", "}", to: &json) { entry, json in
                json.appendJSONString(entry.key)
                json.append(UInt8(ascii: ":"))
                return append(entry.value, field, to: &json)
            }
        }
    }

    private static func appendAll<Item>(
        _ items: [Item], _ open: Unicode.Scalar, _ close: Unicode.Scalar, to json: inout [UInt8], _ append: (Item, inout [UInt8]) -> Bool
    ) -> Bool {
        json.append(UInt8(ascii: open))
        for (position, item) in items.enumerated() {
            if position > 0 { json.append(UInt8(ascii: ",")) }
            guard append(item, &json) else { return false }
        }
        json.append(UInt8(ascii: close))
        return true
    }

    private static func append(_ scalar: Scalar, at node: Node, _ field: FieldReader, to json: inout [UInt8]) -> Bool {
        switch scalar.kind {
        case .null: json += Array("null".utf8)
        case .boolean: json += Array(scalar.text.lowercased().utf8)
        case .text: json.appendJSONString(scalar.text)
        case .number:
            guard isJSONNumber(scalar.text) else {
                field.diagnostics.error(
                    at: node.start, "the number \(shortened(scalar.text)) must be written as in JSON, such as 0.5 or -1")
                return false
            }
            json += Array(scalar.text.utf8)
        }
        return true
    }

    /// Whether a number is valid JSON (RFC 8259, section 6): no plus sign, no leading zeros, digits on both sides of a point.
    private static func isJSONNumber(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let whole = rest.prefix(while: isDigit)
        guard !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0") else { return false }
        rest = rest.dropFirst(whole.count)
        guard rest.first == UInt8(ascii: ".") else { return true }
        return rest.dropFirst().first.map(isDigit) ?? false
    }
}
