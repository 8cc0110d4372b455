internal import Chat

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

    /// Whether the text itself cannot hold a secret: it names only variables, and perhaps the scheme of an `Authorization` header.
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

    /// The variables that the text asks for, each once.
    static func variables(of text: String) -> [String] {
        var names: [String] = []
        for case .variable(let name) in parts(of: text) ?? [] where !names.contains(name) { names.append(name) }
        return names
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
        default: isDigit(byte)
        }
    }
}

/// The environment for one provider. Remembers which variables are missing, and which have values that cannot be used.
///
/// White space around a value is removed: secrets that come from files end with a line break.
struct EnvironmentScope {
    private enum Value {
        case text(String)
        case missing
        /// Why it cannot be used.
        case broken(String)
    }

    private let variables: [String: String]
    /// Variables that are not set, with the places that need them.
    private(set) var missing: [(variable: String, place: Place)] = []
    /// Variables whose values cannot be used: the reason, which names the variable and shows nothing of its value, and the place that needs
    /// it.
    private(set) var broken: [(reason: String, place: Place)] = []

    init(_ variables: [String: String]) { self.variables = variables }

    /// Whether every variable that was asked for could be used.
    var isComplete: Bool { missing.isEmpty && broken.isEmpty }

    /// The text of `field` with its variables filled in. `nil` when one is missing or broken (remembered) or the text is wrong (reported).
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
                if let value = required(name, at: field.node.start) { result += value } else { isComplete = false }
            }
        }
        return isComplete ? result : nil
    }

    /// A variable that is not named by the policy; `nil` when it is not set, or broken (remembered at `place`).
    mutating func optional(_ variable: String, at place: Place) -> String? {
        switch value(of: variable) {
        case .text(let text): return text
        case .missing: return nil
        case .broken(let reason):
            broken.append((reason, place))
            return nil
        }
    }

    /// Whether a variable is set to something.
    func has(_ variable: String) -> Bool { if case .missing = value(of: variable) { false } else { true } }

    /// The same; one that is not set is remembered as missing.
    mutating func required(_ variable: String, at place: Place) -> String? {
        let text = optional(variable, at: place)
        if case .missing = value(of: variable) { missing.append((variable, place)) }
        return text
    }

    /// Notes that the text of `field` cannot be used. If it comes from the environment, the policies are still valid, and the provider is
    /// off; else it is an error.
    /// - Parameter message: what is wrong, without the value.
    mutating func refuse<Value>(_ field: FieldReader, _ message: String) -> Value? {
        let names = EnvironmentReference.variables(of: field.text() ?? "")
        if names.isEmpty { return field.refuse(message) }
        broken.append(("the value of \(names.joined(separator: " and ")) cannot be used: \(message)", field.node.start))
        return nil
    }

    /// The same for the value of a variable that the policy does not name.
    mutating func refuse(variable: String, at place: Place, _ message: String) {
        broken.append(("the value of \(variable) cannot be used: \(message)", place))
    }

    private func value(of variable: String) -> Value {
        var scalars = (variables[variable] ?? "").unicodeScalars[...]
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        if scalars.isEmpty { return .missing }
        let isBroken = scalars.contains { scalar in
            scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
        }
        if isBroken { return .broken("the value of \(variable) has a line break or another control character inside") }
        return .text(String(scalars))
    }
}
