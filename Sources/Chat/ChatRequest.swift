/// A chat completion request: what the gateway needs to know of it, and the client's own bytes, from which the upstream's body is cut.
public struct ChatRequest: Sendable {
    /// The model the client named.
    public let model: String
    /// Whether the answer is to be streamed.
    public let stream: Bool
    /// Whether the client of a stream asked for the usage (`stream_options.include_usage`).
    public let wantsUsageChunk: Bool
    /// Whether tools or functions are offered to the model.
    public let hasTools: Bool
    /// The client's own limit of output tokens per choice, 1 or more; `nil` when there is none.
    public let maxOutputTokens: Int64?
    /// How many choices are wanted, 1 to 128.
    public let choices: Int
    /// The client's own user, at most 256 bytes.
    public let user: String?
    /// The client's tags: at most 16, names at most 64 bytes, values at most 512.
    public let metadata: [String: String]
    /// Bytes of everything the model is going to read. No tokenizer in use makes more tokens of text than it has bytes.
    public let promptBytes: Int

    /// The client's bytes.
    private let body: [UInt8]
    /// What the upstream's body consists of.
    private let pieces: [Piece]

    /// A part of the upstream's body.
    enum Piece: Hashable, Sendable {
        /// These bytes of the client's body.
        case source(Range<Int>)
        /// The name of the upstream's model.
        case model
        /// Text of our own.
        case text(Text)

        /// The texts of our own that a body may need.
        enum Text: Hashable, Sendable {
            case open, comma, close, trueValue, includeUsage, streamOptions

            var bytes: StaticString {
                switch self {
                case .open: "{"
                case .comma: ","
                case .close: "}"
                case .trueValue: "true"
                case .includeUsage: "\"include_usage\":true"
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
        let decoded = try reader.read(body) { (root) throws(GatewayError) in try ChatRequestDecoder.decode(root) }
        self.body = body
        pieces = decoded.splice.pieces
        model = decoded.model
        stream = decoded.stream
        wantsUsageChunk = decoded.stream && decoded.wantsUsage
        hasTools = decoded.hasTools
        maxOutputTokens = decoded.maxOutputTokens
        choices = decoded.choices
        user = decoded.user
        metadata = decoded.metadata
        promptBytes = decoded.promptBytes
    }

    /// The body to send upstream: the client's own text with the model replaced and what is not the upstream's business cut out.
    /// Streams always ask for their usage.
    /// - Parameter model: the upstream's name of the model as a JSON string, quotes included.
    public func upstreamBody(model: [UInt8]) -> [UInt8] {
        let count = pieces.reduce(0) { $0 + size(of: $1, model: model) }
        return [UInt8](unsafeUninitializedCapacity: count) { target, written in
            for piece in pieces {
                written += write(
                    piece, model: model, to: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[written...]))
            }
        }
    }

    /// Reads the client's body again and hands its root to `body`: for a translation to another dialect.
    /// - Throws: what `body` throws; the text itself has been found good before.
    public func withRoot<R>(_ reader: JSONReader, _ body: (JSONValue) throws(GatewayError) -> R) throws(GatewayError) -> R {
        try reader.read(self.body, body)
    }

    private func size(of piece: Piece, model: [UInt8]) -> Int {
        switch piece {
        case .source(let range): range.count
        case .model: model.count
        case .text(let text): text.bytes.utf8CodeUnitCount
        }
    }

    private func write(_ piece: Piece, model: [UInt8], to target: UnsafeMutableRawBufferPointer) -> Int {
        switch piece {
        case .source(let range): body.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range])) }
        case .model: model.withUnsafeBytes { target.copyMemory(from: $0) }
        case .text(let text):
            target.copyMemory(from: UnsafeRawBufferPointer(start: text.bytes.utf8Start, count: text.bytes.utf8CodeUnitCount))
        }
        return size(of: piece, model: model)
    }
}
