/// How many tokens an input has, before any tokenizer has seen it. One rule for whoever decides: the gateway, `purser route`, policy tests.
public struct InputTokens: Hashable, Sendable {
    /// About so many.
    public let estimate: Int
    /// Never more than so many.
    public let upperBound: Int

    /// Tokens that providers add to each message, for its role and its ends, at most.
    private static let perMessage = 8
    /// What an image is taken for, and what it is at most: the most that providers document for one at full detail. The small models that
    /// multiply them (gpt-4o-mini) ask for more.
    private static let perImage = (estimate: 1_000, most: 5_000)

    /// What is known from elsewhere.
    public init(estimate: Int, upperBound: Int) {
        self.estimate = estimate
        self.upperBound = upperBound
    }

    /// Counts.
    /// - Parameters:
    ///   - textBytes: UTF-8 of all text, without JSON's escapes. No tokenizer in use makes more tokens of text than it has bytes; on an average
    ///     they make two of seven.
    ///   - messages: how many messages the text comes in.
    ///   - images: how many images come with it.
    public init(textBytes: Int, messages: Int, images: Int = 0) {
        estimate = textBytes / 7 * 2 + (textBytes % 7 * 2 + 6) / 7 + images * Self.perImage.estimate
        upperBound = textBytes + messages * Self.perMessage + images * Self.perImage.most
    }
}

extension JSONValue {
    /// Bytes of all strings in the value, names of members included.
    var textBytes: Int {
        switch kind {
        case .string: stringBytes?.count ?? 0
        case .array: elements.reduce(0) { $0 + $1.textBytes }
        case .object: members.reduce(0) { $0 + ($1.name.stringBytes?.count ?? 0) + $1.value.textBytes }
        case .number, .bool, .null: 0
        }
    }
}
