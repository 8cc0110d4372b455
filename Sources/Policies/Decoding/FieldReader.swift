internal import Chat

/// Reads one value of a policy file as the expected type. A wrong type or range is reported, and `nil` returned.
struct FieldReader {
    let node: Node
    /// What errors call the value: its key, or for an item of a list the key of the list.
    let label: String
    let diagnostics: DiagnosticCollector

    /// A text. Numbers and booleans must be quoted, so that `version: 1.10` does not lose its zero unnoticed.
    func text() -> String? {
        guard case .scalar(let scalar) = node.content, scalar.kind == .text else {
            if case .scalar(let scalar) = node.content, scalar.kind != .null {
                return wrongType("text", advice: "; put it in quotes")
            }
            return wrongType("text")
        }
        return scalar.text
    }

    /// The characters of a scalar of any type, as they were written.
    func literal(expected: String) -> String? {
        guard case .scalar(let scalar) = node.content, scalar.kind != .null else { return wrongType(expected) }
        return scalar.text
    }

    /// A whole number within `range`, written in decimal digits.
    func integer(in range: ClosedRange<Int>) -> Int? {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .scalar(let scalar) = node.content, scalar.kind == .number else { return wrongType(expected) }
        guard let value = Int(scalar.text), range.contains(value) else { return refuse("\"\(label)\" must be \(expected)") }
        return value
    }

    /// `true` or `false`.
    func boolean() -> Bool? {
        guard case .scalar(let scalar) = node.content, scalar.kind == .boolean else { return wrongType("true or false") }
        return scalar.text.lowercased() == "true"
    }

    /// A time such as `250ms`, more than zero and at most `longest`.
    func duration(atMost longest: Duration = DurationSyntax.longest) -> Duration? {
        guard let text = literal(expected: "a time such as 250ms, 30s, 5m or 1h") else { return nil }
        guard let duration = DurationSyntax.parse(text) else {
            return refuse("\"\(label)\" must be a whole number with a unit, such as 250ms, 30s, 5m or 1h")
        }
        guard duration > .zero, duration <= longest else {
            return refuse("\"\(label)\" must be more than 0 and at most \(DurationSyntax.text(longest))")
        }
        return duration
    }

    /// The items of a list.
    func list(of items: String) -> [FieldReader]? {
        guard case .list(let nodes) = node.content else { return wrongType("a list of \(items)") }
        return nodes.map { FieldReader(node: $0, label: label, diagnostics: diagnostics) }
    }

    /// The entries of a mapping from names to anything.
    func entries(expected: String) -> [NamedField]? {
        guard case .mapping(let entries) = node.content else { return wrongType(expected) }
        return entries.map {
            NamedField(name: $0.key, place: $0.keyPlace, value: FieldReader(node: $0.value, label: $0.key, diagnostics: diagnostics))
        }
    }

    /// A mapping with the keys of `shape`.
    func mapping(_ shape: Shape) -> MappingReader? { MappingReader(self, shape: shape) }

    /// Whether the value is `{}`.
    var isEmptyMapping: Bool { if case .mapping(let entries) = node.content { entries.isEmpty } else { false } }

    /// Reports `message` at this value.
    func refuse<Value>(_ message: String, suggestion: String? = nil) -> Value? {
        diagnostics.error(at: node.start, message, suggestion: suggestion)
        return nil
    }

    private func wrongType<Value>(_ expected: String, advice: String = "") -> Value? {
        refuse("expected \(expected) for \"\(shortened(label))\", found \(node.kindName)\(advice)")
    }
}
