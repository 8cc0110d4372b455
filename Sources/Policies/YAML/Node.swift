/// A position in a policy file: where a diagnostic points to.
struct Place: Hashable, Comparable {
    /// The index of the file among the compiled ones.
    let file: Int
    /// Counted from 1.
    let line: Int
    /// Counted from 1, in Unicode scalars.
    let column: Int

    static func < (a: Place, b: Place) -> Bool { (a.file, a.line, a.column) < (b.file, b.line, b.column) }
}

/// A part of a YAML document together with where it stands.
struct Node {
    enum Content {
        case scalar(Scalar)
        case list([Node])
        case mapping([Entry])
    }

    /// A key and its value. Within one mapping keys differ: the parser has refused the second of two equal ones.
    struct Entry {
        let key: String
        let keyPlace: Place
        let value: Node
    }

    let content: Content
    let start: Place
    /// The position after the last character; for block collections, where the next token begins.
    let end: Place
}

/// A YAML scalar: its text, and whether it was written without quotes, which decides what type it may have.
struct Scalar {
    let text: String
    let isPlain: Bool

    enum Kind: String {
        case null = "nothing"
        case boolean = "a boolean"
        case number = "a number"
        case text = "text"
    }

    /// The type by YAML 1.2's core schema: `yes` and `on` are texts, so is a date.
    var kind: Kind {
        guard isPlain else { return .text }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .boolean
        default: return isNumber ? .number : .text
        }
    }

    private var isNumber: Bool {
        var bytes = text.utf8[...]
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        let mantissa = bytes.prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
        guard mantissa.contains(where: isDigit), mantissa.filter({ $0 == UInt8(ascii: ".") }).count <= 1 else { return false }
        var exponent = bytes.dropFirst(mantissa.count)
        guard let letter = exponent.popFirst() else { return true }
        guard letter | 0x20 == UInt8(ascii: "e") else { return false }
        if let sign = exponent.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { exponent = exponent.dropFirst() }
        return !exponent.isEmpty && exponent.allSatisfy(isDigit)
    }
}

extension Node {
    /// What an error about a wrong type says was found here.
    var kindName: String {
        switch content {
        case .scalar(let scalar): scalar.kind.rawValue
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Whether nothing was written (`key:` alone, `~`, `null`).
    var isNull: Bool {
        if case .scalar(let scalar) = content { scalar.kind == .null } else { false }
    }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
