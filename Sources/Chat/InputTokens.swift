/// How many tokens an input has, before any tokenizer has seen it. One rule for whoever decides: the gateway, `purser route`, policy tests.
public struct InputTokens: Hashable, Sendable {
    /// About so many.
    public let estimate: Int
    /// Never more than so many.
    public let upperBound: Int

    /// A message's own punctuation and role, and a body's other members as a rule: they are sent, so they count.
    private static let perMessage = 40
    private static let perRequest = 145
    /// What an image is taken for, and what it is at most: the most that providers document for one at full detail. The small models that
    /// multiply them (gpt-4o-mini) ask for more.
    private static let perImage = (estimate: 1_000, most: InputBound.tokensPerImage)

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
        upperBound = textBytes + messages * Self.perMessage + Self.perRequest + images * Self.perImage.most
    }
}

extension InputTokens {
    /// What is known of a request.
    /// - Parameters:
    ///   - textBytes: UTF-8 of the text that the model probably reads.
    ///   - bodyBytes: all that is kept of the client's body. The bound covers names, numbers, punctuation and escapes, too.
    ///   - additions: tokens that the provider adds by itself.
    init(textBytes: Int, bodyBytes: Int, messages: Int, media: MediaTally, additions: Int) {
        let text = InputTokens(textBytes: textBytes, messages: messages, images: media.images)
        let body = InputBound(bytes: bodyBytes, media: media, additions: 0).tokens
        // Most requests are text and little else, and `purser route` knows nothing but the text: both say the same about them.
        let sent = body > text.upperBound ? body + Self.perBody : text.upperBound
        self.init(estimate: text.estimate, upperBound: sent + additions)
    }

    /// Bytes of what comes to a body that is passed on: the upstream's name of the model, a limit of output, a place's settings.
    private static let perBody = 128

    /// What comes to the upper bound where the request is translated to another dialect than OpenAI's: the words around each message, part, tool
    /// and call, less what only OpenAI's has (`stream_options`). A translation that grows by more is counted when it is made.
    public static func translation(messages: Int, parts: Int = 0, tools: Int = 0, toolCalls: Int = 0) -> Int {
        18 * messages + 64 * parts + 96 * tools + 128 * toolCalls - 76
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
