/// A text is one of these, or begins with one of these (`bot-*`). For `language`, headers, metadata and callers.
///
/// A class, like every condition that holds more than a number: evaluating rules then touches one reference for each condition.
final class TextCondition: Sendable {
    private let exact: [String]
    /// The same texts as a set, if there are more than ``few``: below that comparing is faster than hashing.
    private let exactSet: Set<String>?
    private let prefixes: [String]
    private static let few = 8

    private init(exact: [String], prefixes: [String]) {
        self.exact = exact
        exactSet = exact.count > Self.few ? Set(exact) : nil
        self.prefixes = prefixes
    }

    convenience init?(_ field: FieldReader) {
        var exact: [String] = []
        var prefixes: [String] = []
        guard let items = field.alternatives() else { return nil }
        for item in items {
            guard let text = item.literal(expected: "a text") else { return nil }
            if let star = text.firstIndex(of: "*"), star != text.index(before: text.endIndex) {
                _ = item.refuse("\"\(shortened(text))\" has a * that is not at its end") as String?
                return nil
            }
            if text.last == "*" { prefixes.append(String(text.dropLast())) } else { exact.append(text) }
        }
        self.init(exact: exact, prefixes: prefixes)
    }

    /// Reads a list of languages, as codes of ISO 639-1.
    convenience init?(language field: FieldReader) {
        var exact: [String] = []
        guard let items = field.alternatives() else { return nil }
        for item in items {
            guard let text = item.literal(expected: "a language code") else { return nil }
            guard text.utf8.count == 2, text.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else {
                _ = item.refuse("\"\(shortened(text))\" is no language code of two letters, such as en, de or zh") as String?
                return nil
            }
            exact.append(text)
        }
        self.init(exact: exact, prefixes: [])
    }

    func holds(_ text: String?) -> Bool {
        guard let text else { return false }
        return (exactSet?.contains(text) ?? exact.contains(text)) || prefixes.contains { text.utf8.starts(with: $0.utf8) }
    }

    func implies(_ other: TextCondition) -> Bool {
        exact.allSatisfy { other.holds($0) }
            && prefixes.allSatisfy { prefix in other.prefixes.contains { prefix.utf8.starts(with: $0.utf8) } }
    }
}
