/// A set of models, by names and by prefixes (`openai/*`).
public struct ModelSelection: Hashable, Sendable {
    /// The names and prefixes, sorted, each once: two ways of writing the same list are the same selection.
    public let patterns: [String]

    /// - Returns: `nil` when the list is empty, or a pattern is empty or has a `*` elsewhere than at its end.
    init?(_ patterns: [String]) {
        guard !patterns.isEmpty, patterns.allSatisfy(Self.isPattern) else { return nil }
        self.patterns = Set(patterns).sorted()
    }

    private static func isPattern(_ text: String) -> Bool { !text.isEmpty && !text.utf8.dropLast().contains(UInt8(ascii: "*")) }

    /// Whether `model` is one of them.
    func contains(_ model: String) -> Bool {
        patterns.contains { pattern in
            guard pattern.utf8.last == UInt8(ascii: "*") else { return pattern == model }
            return model.utf8.starts(with: pattern.utf8.dropLast())
        }
    }
}
