import Chat

/// `${NAME}` in a text: the value of an environment variable.
enum EnvironmentReference {
    enum Part {
        case literal(String)
        case variable(String)
    }

    /// The text in parts; `nil` when a `${` is not followed by a valid name and `}`.
    static func parts(of text: String) -> [Part]? {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "$"), rest.first == UInt8(ascii: "{") else {
                literal.append(byte)
                continue
            }
            let name = rest.dropFirst().prefix(while: isNamePart)
            guard let first = name.first, !isDigit(first), rest.dropFirst(1 + name.count).first == UInt8(ascii: "}") else { return nil }
            if !literal.isEmpty { parts.append(.literal(String(decoding: literal, as: UTF8.self))) }
            literal = []
            parts.append(.variable(String(decoding: name, as: UTF8.self)))
            rest = rest.dropFirst(2 + name.count)
        }
        if !literal.isEmpty { parts.append(.literal(String(decoding: literal, as: UTF8.self))) }
        return parts
    }

    /// Whether nothing of the text itself can be a secret: it names variables and at most the scheme of an `Authorization` header.
    static func isOnlyReference(_ text: String) -> Bool {
        guard let parts = parts(of: text), !parts.isEmpty else { return false }
        return parts.allSatisfy { part in
            if case .literal(let text) = part { ["bearer ", "basic "].contains(text.lowercased()) } else { true }
        }
    }

    /// Whether the text asks for any variable.
    static func hasVariable(_ text: String) -> Bool {
        parts(of: text)?.contains { if case .variable = $0 { true } else { false } } ?? false
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
        default: isDigit(byte)
        }
    }
}

/// The environment as one provider sees it: remembers which variables it asked for in vain.
struct EnvironmentScope {
    private let variables: [String: String]
    /// Variables that are not set, with the places that need them.
    private(set) var missing: [(variable: String, place: Place)] = []

    init(_ variables: [String: String]) { self.variables = variables }

    /// The text of `field` with its variables filled in. `nil` when one is missing (remembered) or the text is wrong (reported).
    /// A variable that is set to nothing counts as missing: that is what an unset secret looks like to a container.
    mutating func text(_ field: FieldReader) -> String? {
        guard let text = field.text() else { return nil }
        guard let parts = EnvironmentReference.parts(of: text) else {
            return field.refuse("\"\(field.label)\" has a \"${\" that no variable name and \"}\" follow")
        }
        var result = ""
        var isComplete = true
        for part in parts {
            switch part {
            case .literal(let literal): result += literal
            case .variable(let name):
                if let value = variables[name], !value.isEmpty {
                    result += value
                } else {
                    missing.append((name, field.node.start))
                    isComplete = false
                }
            }
        }
        return isComplete ? result : nil
    }

    /// A variable that is not named by the policy; `nil` when it is not set.
    func value(of variable: String) -> String? { variables[variable].flatMap { $0.isEmpty ? nil : $0 } }

    /// The same; one that is not set is remembered as missing at `place`.
    mutating func required(_ variable: String, at place: Place) -> String? {
        if let value = value(of: variable) { return value }
        missing.append((variable, place))
        return nil
    }
}
