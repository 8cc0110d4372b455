internal import Core

/// A chat completion request: the facts that the gateway needs, and the client's bytes, from which the upstream's body is made.
public struct ChatRequest: Sendable {
    /// What it says about itself.
    public private(set) var facts: RequestFacts
    /// Whether the client of a stream asked for the usage (`stream_options.include_usage`).
    public let wantsUsageChunk: Bool
    /// Messages, 1 or more.
    public let messageCount: Int
    /// The media of the request.
    public let media: MediaTally
    /// Whether an earlier answer in the conversation called tools.
    private let hasToolCalls: Bool
    /// A member that makes a call cost more than its tokens at the model's price; `nil` when there is none.
    public let surcharge: String?
    /// Bytes of the text that the model probably reads: an estimate, not a bound.
    public let promptBytes: Int

    /// The tokens of instructions that a provider adds by itself.
    /// - Parameters:
    ///   - isPassedOn: whether it has OpenAI's API.
    ///   - hasFormatTool: whether a tool stands in for the answer's format.
    public func providerPrompt(isPassedOn: Bool, hasFormatTool: Bool = false) -> Int {
        // Tools that were called are declared even if none is offered any more.
        ProviderPrompt.tokens(
            isPassedOn: isPassedOn, hasTools: facts.hasTools || hasToolCalls || hasFormatTool, hasFormat: facts.wantsStructuredOutput)
    }

    /// The client's bytes.
    private let body: [UInt8]
    /// The positions in ``body`` of the members that limit the output, in order. The first has a piece of its own.
    private let limitMembers: [LimitMember]
    /// The pieces of the upstream's body.
    private let pieces: [Piece]

    /// A part of the upstream's body.
    enum Piece: Hashable, Sendable {
        /// These bytes of the client's body.
        case source(Range<Int>)
        /// The name of the upstream's model.
        case model
        /// The first member that limits the output: the client's bytes, unless the gateway sets the limit.
        case outputLimit(Range<Int>)
        /// Text of the gateway.
        case text(Text)

        /// Its size without the model's name and a limit that replaces the client's.
        var ownBytes: Int {
            switch self {
            case .source(let range), .outputLimit(let range): range.count
            case .model: 0
            case .text(let text): text.bytes.utf8CodeUnitCount
            }
        }

        /// The gateway's texts that a body may need.
        enum Text: Hashable, Sendable {
            case open, comma, close, trueValue, includeUsage, streamOptions, modelName

            var bytes: StaticString {
                switch self {
                case .open: "{"
                case .comma: ","
                case .close: "}"
                case .trueValue: "true"
                case .includeUsage: "\"include_usage\":true"
                case .modelName: "\"model\":"
                case .streamOptions: "\"stream_options\":{\"include_usage\":true}"
                }
            }
        }
    }

    /// Decodes and checks a request's body.
    ///
    /// Members that steer destinations or credentials are refused, members of features that this version lacks are refused rather than
    /// ignored, and members whose value is `null` or an empty list are dropped. What is not known is carried untouched.
    /// - Throws: `invalid_request_error` naming the member in `param`.
    public init(decoding body: [UInt8], reader: JSONReader) throws(GatewayError) {
        let (decoded, mayCacheForAnHour) = try reader.read(body) { (root) throws(GatewayError) in
            (try ChatRequestDecoder.decode(root), PriceDemands.mayCacheForAnHour(root))
        }
        self.body = body
        pieces = decoded.splice.pieces
        facts = decoded.facts
        wantsUsageChunk = facts.stream && decoded.wantsUsage
        limitMembers = decoded.limitMembers
        promptBytes = decoded.promptBytes
        messageCount = decoded.messageCount
        media = decoded.media
        hasToolCalls = decoded.toolCalls > 0
        surcharge = decoded.surcharge
        facts.hasImages = media.images > 0
        facts.hasFiles = media.hasFiles
        facts.demands.hasAudioInput = media.hasSound
        facts.demands.cachesForAnHour = mayCacheForAnHour
        facts.inputTokens = InputTokens(
            textBytes: promptBytes, bodyBytes: pieces.reduce(0) { $0 + $1.ownBytes }, messages: messageCount, media: media,
            additions: providerPrompt(isPassedOn: true))
        facts.translationTokens =
            decoded.translationBytes + providerPrompt(isPassedOn: false, hasFormatTool: facts.wantsStructuredOutput)
    }

    /// Adds tags from a JSON object; those of the body override them.
    /// - Throws: `invalid_request_error` when it is not an object, or when there are too many or too long tags.
    public mutating func addMetadata(_ json: [UInt8], reader: JSONReader) throws(GatewayError) {
        let more = try reader.read(json) { (root) throws(GatewayError) in try RequestTags.metadata(root) }
        let joined = facts.metadata.merging(more) { own, _ in own }
        guard joined.count <= RequestTags.most else { throw .invalid("metadata", "expected at most \(RequestTags.most) members") }
        facts.metadata = joined
    }

    /// Takes over the tags, which may have come beside the body.
    mutating func keepTags(of other: ChatRequest) { facts.metadata = other.facts.metadata }

    /// Parses the client's body again and passes its root to `body`.
    /// - Throws: what `body` throws.
    public func withRoot<R>(_ reader: JSONReader, _ body: (JSONValue) throws(GatewayError) -> R) throws(GatewayError) -> R {
        try reader.read(self.body, body)
    }

    /// The client's bytes at `range`.
    func text(_ range: Range<Int>) -> ArraySlice<UInt8> { body[range] }

    /// The body to send upstream: the client's text with the model replaced and the gateway's own members removed.
    /// Streams always ask for their usage.
    /// - Parameters:
    ///   - model: the upstream's name of the model as a JSON string, quotes included.
    ///   - outputLimit: the most output tokens per choice that the model may make, whatever the client asked for.
    ///   - limitName: the name that the client's own limit gets where none is set by `outputLimit`; `nil`: the client's.
    ///   - omitsStreamOptions: whether the gateway's `stream_options` is left out; the client's stays.
    public func upstreamBody(
        model: [UInt8], outputLimit: OutputLimit? = nil, limitName: OutputLimit.Name? = nil, omitsStreamOptions: Bool = false
    ) -> [UInt8] {
        // Only one member has the limit, so that a server cannot choose another one.
        let limit = outputLimit?.member(atMost: facts.maxOutputTokens, as: limitMembers) ?? renamedLimit(limitName)
        let pieces =
            omitsStreamOptions && addsStreamOptions ? self.pieces.dropLast(Self.streamOptionsPieces) + [.text(.close)] : self.pieces[...]
        let added = limit.map { limitMembers.isEmpty ? [UInt8(ascii: ",")] + $0 : [] } ?? furtherLimits
        let digits = limit
        let count = pieces.reduce(added.count) { $0 + size(of: $1, model: model, limit: digits) }
        return [UInt8](unsafeUninitializedCapacity: count) { target, written in
            for piece in pieces {
                if piece == .text(.close) { written += copy(added, to: target, at: written) }
                written += write(
                    piece, model: model, limit: digits,
                    to: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[written...]))
            }
        }
    }

    /// The name of the member with the limit of output that ``upstreamBody(model:outputLimit:limitName:omitsStreamOptions:)`` sends for the same
    /// arguments; `nil` when there is none, several, or one that few servers know.
    public func sentLimitName(outputLimit: OutputLimit?, limitName: OutputLimit.Name?) -> OutputLimit.Name? {
        if let outputLimit { return outputLimit.name(as: limitMembers) }
        guard let first = limitMembers.first else { return nil }
        return limitName ?? (limitMembers.count == 1 ? first.name : nil)
    }

    /// Whether ``upstreamBody(model:outputLimit:limitName:omitsStreamOptions:)`` adds `stream_options` to the client's members.
    public var addsStreamOptions: Bool { pieces.dropLast().last == .text(.streamOptions) }

    /// The comma, `stream_options` and the end of the body.
    private static let streamOptionsPieces = 3

    /// The client's limit under the other name; `nil` when there is no limit, or no other name.
    private func renamedLimit(_ name: OutputLimit.Name?) -> [UInt8]? {
        guard let name, let maxOutputTokens = facts.maxOutputTokens else { return nil }
        return OutputLimit(tokens: maxOutputTokens, name: name).member(atMost: nil, as: [])
    }

    /// The client's own limits behind the first, with commas before them.
    private var furtherLimits: [UInt8] { limitMembers.dropFirst().reduce(into: []) { $0 += [UInt8(ascii: ",")] + body[$1.range] } }

    private func copy(_ bytes: [UInt8], to target: UnsafeMutableBufferPointer<UInt8>, at offset: Int) -> Int {
        let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[offset...])
        bytes.withUnsafeBytes { rest.copyMemory(from: $0) }
        return bytes.count
    }

    private func size(of piece: Piece, model: [UInt8], limit: [UInt8]?) -> Int {
        switch piece {
        case .source(let range): range.count
        case .model: model.count
        case .outputLimit(let range): limit?.count ?? range.count
        case .text(let text): text.bytes.utf8CodeUnitCount
        }
    }

    private func write(_ piece: Piece, model: [UInt8], limit: [UInt8]?, to target: UnsafeMutableRawBufferPointer) -> Int {
        switch piece {
        case .source(let range): copy(range, to: target)
        case .model: model.withUnsafeBytes { target.copyMemory(from: $0) }
        case .outputLimit(let range):
            if let limit { limit.withUnsafeBytes { target.copyMemory(from: $0) } } else { copy(range, to: target) }
        case .text(let text):
            target.copyMemory(from: UnsafeRawBufferPointer(start: text.bytes.utf8Start, count: text.bytes.utf8CodeUnitCount))
        }
        return size(of: piece, model: model, limit: limit)
    }

    private func copy(_ range: Range<Int>, to target: UnsafeMutableRawBufferPointer) {
        body.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
