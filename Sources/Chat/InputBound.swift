/// The media of a request: content whose tokens cannot be bounded by its bytes.
public struct MediaTally: Hashable, Sendable {
    /// Images in the request or at a web address.
    public private(set) var images = 0
    /// Whether there is a medium of unknown size: a document, audio, video, a reference to one of them, or a part of an unknown type.
    public private(set) var hasFiles = false
    /// Whether there is audio.
    public private(set) var hasSound = false
    /// Bytes of base64 of all media in the request, which are not text.
    public private(set) var payloadBytes = 0

    /// No media.
    public init() {}

    func merging(_ other: MediaTally) -> MediaTally {
        var sum = self
        sum.images += other.images
        sum.hasFiles = hasFiles || other.hasFiles
        sum.hasSound = hasSound || other.hasSound
        sum.payloadBytes += other.payloadBytes
        return sum
    }

    /// Counts an image; `payload` is the size of its base64, zero for a reference.
    public mutating func addImage(payload: Int) {
        images += 1
        payloadBytes += payload
    }

    /// Counts a medium of unknown size; `payload` is the size of its base64, zero for a reference.
    public mutating func addFile(payload: Int, isSound: Bool = false) {
        hasFiles = true
        hasSound = hasSound || isSound
        payloadBytes += payload
    }
}

/// The most tokens that a provider can count for an input. No tokenizer in use makes more tokens of a text than the text has bytes.
public struct InputBound: Hashable, Sendable {
    /// One token for each byte, the declared cost of each image, and what the provider adds by itself.
    public let tokens: Int
    /// Whether there is a medium of unknown size. It can fill the model's context window, which then counts besides ``tokens``.
    public let hasFiles: Bool

    /// The tokens of one image: the most that providers document for one at full detail. Small models that multiply the tokens of images
    /// (gpt-4o-mini) count more.
    public static let tokensPerImage = 5_000

    /// The bound of a body.
    /// - Parameters:
    ///   - bytes: the size of the body, media included.
    ///   - media: the media in it; their payload must be part of `bytes`.
    ///   - additions: tokens that the provider adds by itself.
    public init(bytes: Int, media: MediaTally, additions: Int) {
        tokens = max(0, bytes - media.payloadBytes) + media.images * Self.tokensPerImage + additions
        hasFiles = media.hasFiles
    }
}

/// Instructions that a provider adds to a request by itself, and bills.
enum ProviderPrompt {
    /// Tokens of them, at most.
    ///
    /// Anthropic documents 159 to 530 tokens for tools, by model and tool choice, wherever its models run, and some for structured outputs.
    /// What other providers and the chat templates of open models add is shorter.
    /// - Parameters:
    ///   - isPassedOn: whether the provider speaks OpenAI's dialect.
    ///   - hasTools: whether tools are declared or were called, a tool that stands in for a format included.
    ///   - hasFormat: whether the answer's format is prescribed.
    public static func tokens(isPassedOn: Bool, hasTools: Bool, hasFormat: Bool) -> Int {
        (hasTools ? isPassedOn ? 256 : 1_024 : 0) + (hasFormat ? isPassedOn ? 128 : 512 : 0)
    }
}
