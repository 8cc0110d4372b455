public import Chat
public import Core

/// The stream of a provider of OpenAI's dialect on its way to the client: bytes go in as they arrive, whole events come out.
///
/// A pure state machine. Events are the provider's own bytes, copied in runs, as long as every client can read them: an event is either
/// parsed, or equal to a parsed one but for its texts (`ChunkTemplate`). What comes before the first content (text, reasoning, a tool call,
/// a refusal, sound, the end of a choice) is held back, so that another target may still answer. All chunks have one `id`, `created` and
/// `model`. Usage is taken out wherever it stands; a client that asked for it gets it last, in a separate chunk, with the gateway's cost in
/// it. `[DONE]` is held back: the caller writes it when the bill is committed. Comments and events without data are dropped.
public struct OpenAIStream: Sendable {
    /// How the stream stands after some bytes.
    public enum State: Sendable {
        /// More may come.
        case open
        /// `[DONE]` was seen; whatever follows is ignored.
        case done
        /// The provider reported an error or sent something that is not a chat stream.
        case failed(GatewayError)
    }

    /// How the stream ended.
    public enum End: Sendable {
        /// The answer is whole: `[DONE]` was seen, or every choice has its finish reason.
        case complete
        /// The provider stopped in the middle.
        case truncated
        /// As `State.failed`.
        case failed(GatewayError)
    }

    /// Longest event that is taken, in bytes.
    public static let longestEvent = 1 << 20

    /// The state of the stream.
    public internal(set) var state = State.open
    /// The tokens used; `nil` as long as the provider reported none that are believed, and when text came behind the report.
    public var usage: TokenUsage? {
        guard !isReportStale, let report, report.output > 0 || contentEvents == 0 else { return nil }
        // No text has more bytes a token than that.
        return report.output >= Int64((textBytes - 256) / 16) ? report : nil
    }
    /// The tokens used, where no choice can go on.
    var finalUsage: TokenUsage? { isWhole ? usage : nil }
    /// The least that all reports say together, believed or not; `nil` when there was none.
    public internal(set) var reportedAtLeast: TokenUsage?
    /// Chunks that carried text, reasoning or tool arguments: a lower bound of the output tokens.
    public internal(set) var contentEvents = 0
    /// Bytes of their text.
    public internal(set) var textBytes = 0
    /// Events that carried content, or the end of a choice. Comments, pings, roles and empty deltas are no progress.
    public internal(set) var progress = 0
    /// Whether every choice has its finish reason: what follows is at most the usage.
    public var isWhole: Bool { finished.count >= choices }

    let clientWantsUsage: Bool
    let pricing: Pricing
    let choices: Int
    private var finder = SSEEventFinder()
    /// The beginning of an event whose end has not come yet.
    private var pending: [UInt8] = []
    /// The choices that have their finish reason.
    var finished: Set<Int64> = []
    /// The stream's `id`, `created` and `model`.
    var identity = StreamIdentity()
    /// The name of the model where the provider tells none.
    let model: String
    let standIn: StreamIdentity.StandIn?
    /// Whether the client has got something.
    var isCommitted = false
    /// Chunks before the first content.
    var held: [[UInt8]] = []
    var heldBytes = 0
    static let longestHeld = 64 * 1024
    /// What the next chunks look like, as a rule.
    var template = ChunkTemplate()
    /// The last usage that was believed, and whether text came after it.
    var report: TokenUsage?
    var isReportStale = false
    /// The provider's own chunk with that usage and nothing else, or only its usage object, with the gateway's cost.
    var usageChunk: [UInt8] = []
    var usageObject: [UInt8] = []
    /// What goes to the client in the place of the event just judged.
    var replacement: [UInt8] = []
    private var byteOrderMark = ByteOrderMark.possible(seen: 0)
    /// Set while the last, unterminated event is looked at: it must prove that it is whole.
    private(set) var parsesAll = false

    private enum ByteOrderMark {
        case possible(seen: Int)
        case passed
        static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]
    }

    /// Makes the state of a stream of which nothing has arrived.
    /// - Parameters:
    ///   - clientWantsUsage: whether the client set `stream_options.include_usage`.
    ///   - pricing: what the usage is priced with.
    ///   - choices: how many choices were asked for (`n`).
    ///   - model: the model's name, for a provider that tells none.
    ///   - standIn: the identity of the stream of a provider that tells none; `nil`: one is made when it is needed.
    public init(clientWantsUsage: Bool, pricing: Pricing, choices: Int, model: String = "", standIn: StreamIdentity.StandIn? = nil) {
        self.model = model
        self.standIn = standIn
        self.clientWantsUsage = clientWantsUsage
        self.pricing = pricing
        self.choices = choices
    }

    init(_ context: AnswerContext, _ pricing: Pricing) {
        self.init(clientWantsUsage: context.wantsUsageChunk, pricing: pricing, choices: context.choices, model: context.model)
    }

    /// Takes the next bytes and appends to `out` what the client is to get of them.
    ///
    /// After `.failed` nothing of the offending event is in `out`, though good events before it may be.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer, reader: JSONReader, into out: inout [UInt8]) -> State {
        guard case .open = state, let bytes = withoutByteOrderMark(bytes) else { return state }
        finder.willSearch(bytes)
        if pending.isEmpty {
            let consumed = consume(bytes, reader, &out)
            pending.append(contentsOf: bytes[consumed...])
        } else {
            pending.append(contentsOf: bytes)
            consumePending(reader, &out)
        }
        if case .open = state, pending.count > Self.longestEvent { state = .failed(Self.tooLong) }
        return state
    }

    /// Takes the next bytes.
    public mutating func feed(_ bytes: [UInt8], reader: JSONReader, into out: inout [UInt8]) -> State {
        bytes.withUnsafeBytes { feed($0, reader: reader, into: &out) }
    }

    /// Notes that no more bytes will come. A last event that lacks its blank line counts if it is whole.
    public mutating func end(reader: JSONReader, into out: inout [UInt8]) -> End {
        if case .open = state, !pending.isEmpty {
            parsesAll = true
            pending.append("\n\n")
            consumePending(reader, &out)
        }
        pending = []
        switch state {
        case .failed(let error): return .failed(error)
        case .done: return .complete
        case .open where isWhole:
            appendReportedUsage(to: &out, reader)
            return .complete
        case .open: return .truncated
        }
    }

    /// Whether the client asked for a usage that the provider never sent: the caller then appends one with `appendUsage`.
    public var lacksUsage: Bool { clientWantsUsage && usage == nil }

    /// Appends a usage event of the gateway in the form of the provider's events.
    public func appendUsage(_ usage: TokenUsage, to out: inout [UInt8]) {
        appendChunk("usage", to: &out) { $0.appendUsage(usage, cost: pricing.cost(of: usage)) }
    }

    /// Appends the end of every choice that has none yet, with the reason `length`.
    func appendLength(to out: inout [UInt8]) {
        for choice in 0..<Int64(choices) where !finished.contains(choice) {
            beginChunk(&out)
            out.append("[{\"index\":")
            out.appendJSONNumber(choice)
            out.append(",\"delta\":{},\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n")
        }
    }

    /// Appends a chunk without choices that has one member of its own, in the form of the provider's.
    func appendMember(_ name: StaticString, _ json: [UInt8], to out: inout [UInt8]) {
        appendChunk(name, to: &out) { $0.append(contentsOf: json) }
    }

    /// The same with a value that `value` appends.
    func appendChunk(_ member: StaticString, to out: inout [UInt8], value: (inout [UInt8]) -> Void) {
        beginChunk(&out)
        out.append("[],\"")
        out.append(member)
        out.append("\":")
        value(&out)
        out.append("}\n\n")
    }

    private func beginChunk(_ out: inout [UInt8]) {
        out.append("data: {")
        identity.append(to: &out)
        out.append(",\"object\":\"chat.completion.chunk\",\"choices\":")
    }

    private static var tooLong: GatewayError { OpenAIFailure.unusable("a stream event is longer than \(longestEvent) bytes") }
}

extension OpenAIStream {
    private mutating func withoutByteOrderMark(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard case .possible(var seen) = byteOrderMark else { return bytes }
        var offset = 0
        while offset < bytes.count, seen < ByteOrderMark.bytes.count, bytes[offset] == ByteOrderMark.bytes[seen] {
            offset += 1
            seen += 1
        }
        // Bytes that only begin like a mark are not a stream either, so they need not be given back.
        byteOrderMark = offset == bytes.count && seen < ByteOrderMark.bytes.count ? .possible(seen: seen) : .passed
        return offset == bytes.count ? nil : UnsafeRawBufferPointer(rebasing: bytes[offset...])
    }

    private mutating func consumePending(_ reader: JSONReader, _ out: inout [UInt8]) {
        // Taken out of `self` while it is read, put back with its memory.
        var buffer: [UInt8] = []
        swap(&buffer, &pending)
        let consumed = buffer.withUnsafeBytes { consume($0, reader, &out) }
        buffer.removeSubrange(..<consumed)
        swap(&buffer, &pending)
    }

    private mutating func fate(of block: SSEEventBlock, _ reader: JSONReader) -> Fate {
        guard block.bytes.count <= Self.longestEvent else {
            replacement.removeAll()
            state = .failed(Self.tooLong)
            return .stop
        }
        return judge(block, reader)
    }

    /// Handles all complete events of `buffer`; returns how many bytes they are.
    private mutating func consume(_ buffer: UnsafeRawBufferPointer, _ reader: JSONReader, _ out: inout [UInt8]) -> Int {
        var eventStart = 0
        var runStart = 0
        while let event = finder.next(in: buffer) {
            let fate = fate(of: SSEEventBlock(event, startingAt: eventStart, in: buffer), reader)
            if fate != .forward {
                out.append(contentsOf: buffer[runStart..<eventStart])
                if fate != .drop { out.append(contentsOf: replacement) }
                runStart = event.end
            }
            eventStart = event.end
            if fate == .stop { break }
        }
        out.append(contentsOf: buffer[runStart..<eventStart])
        finder.didConsume(eventStart)
        return eventStart
    }
}
