/// Estimate and bound of the tokens of an input, without a tokenizer. One rule for the gateway, `purser route` and policy tests.
public struct InputTokens: Hashable, Sendable {
    /// The estimate.
    public var estimate: Int
    /// The upper bound.
    public var upperBound: Int

    /// Tokens per message for its role and punctuation, and per body for its other members.
    private static let perMessage = 40
    private static let perRequest = 145
    /// The tokens of an image, estimated and at most: the most that providers document for one at full detail. Small models that multiply
    /// them (gpt-4o-mini) count more.
    private static let perImage = (estimate: 1_000, most: InputBound.tokensPerImage)

    /// Numbers that are already known.
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
    /// The numbers of a request.
    /// - Parameters:
    ///   - textBytes: UTF-8 of the text that the model probably reads.
    ///   - bodyBytes: all that is kept of the client's body. The bound covers names, numbers, punctuation and escapes, too.
    ///   - additions: tokens that the provider adds by itself.
    init(textBytes: Int, bodyBytes: Int, messages: Int, media: MediaTally, additions: Int) {
        let text = InputTokens(textBytes: textBytes, messages: messages, images: media.images)
        let body = InputBound(bytes: bodyBytes, media: media, additions: 0).tokens
        // Most requests are mostly text, and `purser route` has only the text: the estimates agree for them.
        let sent = body > text.upperBound ? body + Self.perBody : text.upperBound
        self.init(estimate: text.estimate, upperBound: sent + additions)
    }

    /// Bytes that may be added to a body that is passed on: the upstream's name of the model, a limit of output, settings of a reference.
    private static let perBody = 128

    /// Tokens to add to the upper bound where the request is translated to another provider API than OpenAI's: the syntax around each
    /// message, part, tool and call, less what only OpenAI's has (`stream_options`). A translation that adds more is counted when it is
    /// made.
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
