internal import Chat
internal import Core

/// How a provider's stream is cut into events. A pure state machine over one growing buffer.
protocol EventFraming: Sendable {
    init()
    /// Must be told of all bytes that are added to the buffer, before they are searched.
    mutating func willSearch(_ added: UnsafeRawBufferPointer)
    /// The next complete event of `buffer`, or `nil` when more bytes are needed.
    /// - Throws: an error of the upstream when what is there can never become one.
    mutating func next(in buffer: UnsafeRawBufferPointer) throws(GatewayError) -> FramedEvent?
    /// Must be told when the first `count` bytes of the buffer, which end with an event, are taken away.
    mutating func didConsume(_ count: Int)
    /// What makes a last event whole whose end never came.
    static var terminator: StaticString { get }
}

/// One event of a provider's stream.
struct FramedEvent {
    enum Payload {
        /// In the buffer that was searched.
        case inPlace(UnsafeRawBufferPointer)
        /// Put together from several lines.
        case joined([UInt8])
    }

    /// The event's name; empty when it has none.
    var name: UnsafeRawBufferPointer
    /// What the event carries; `nil`: nothing.
    var payload: Payload?
    /// Whether the framing itself says that this is an error.
    var isError = false
    /// Offset behind the event.
    var end: Int
}

/// Turns the events of one provider's stream into chunks.
protocol EventTranslator: Sendable {
    associatedtype Framing: EventFraming
    /// The tokens used, as far as they are known and believed.
    var usage: TokenUsage? { get }
    /// The least that was reported so far, believed or not.
    var reportedAtLeast: TokenUsage? { get }
    /// Whether the provider has said all it had to say: what follows is ignored.
    var isDone: Bool { get }
    /// Whether the answer is whole although the provider stopped before it said so.
    var isComplete: Bool { get }
    /// Takes an event and appends chunks to `out`.
    /// - Throws: the error that the event reports, or that it is.
    mutating func translate(
        _ name: UnsafeRawBufferPointer, _ event: JSONValue, _ answer: inout AnswerFeed
    ) throws(GatewayError)
    /// Appends what is still due when the provider is done.
    mutating func finish(_ answer: inout AnswerFeed)
    /// The error that an event reports which the framing calls one. `event` is `nil` when it is not JSON.
    func failure(_ name: UnsafeRawBufferPointer, _ event: JSONValue?) -> GatewayError
}

/// A translated stream on its way to the client: the counterpart of `OpenAIStream` for other dialects.
struct TranslatedStream<Events: EventTranslator> {
    private(set) var state = OpenAIStream.State.open
    private var events: Events
    private var answer: AnswerFeed
    private var framing = Events.Framing()
    /// The beginning of an event whose end has not come yet.
    private var pending: [UInt8] = []
    /// Set while the last, unterminated event is looked at: what is not JSON is then merely cut off.
    private var isAtEnd = false
    private let pricing: Pricing
    private let wantsUsage: Bool

    init(_ events: Events, _ context: AnswerContext, _ pricing: Pricing, _ writer: any AnswerWriter) {
        self.events = events
        self.pricing = pricing
        answer = AnswerFeed(context, writer)
        wantsUsage = context.wantsUsageChunk
    }

    var usage: TokenUsage? {
        guard let usage = events.usage, usage.output > 0 || answer.contentEvents == 0 else { return nil }
        return usage
    }
    var finalUsage: TokenUsage? { usage }
    var reportedAtLeast: TokenUsage? { events.reportedAtLeast }
    var progress: Int { answer.progress }
    var isWhole: Bool { events.isComplete }
    var contentEvents: Int { answer.contentEvents }
    var textBytes: Int { answer.textBytes }
    var lacksUsage: Bool { wantsUsage && usage == nil }

    func appendUsage(_ usage: TokenUsage, to out: inout [UInt8]) {
        answer.writer.writing(to: &out) { $0.usage(usage, cost: pricing.cost(of: usage)) }
    }

    /// Appends the end of the choice with the reason `length`.
    mutating func appendLength(to out: inout [UInt8]) { answer.writer.writing(to: &out) { $0.finish(FinishNote(.length), choice: 0) } }

    func appendMember(_ name: StaticString, _ json: [UInt8], to out: inout [UInt8]) {
        answer.writer.writing(to: &out) { $0.member(name, json) }
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer, reader: JSONReader, into out: inout [UInt8]) -> OpenAIStream.State {
        guard case .open = state else { return state }
        // The writer has the client's bytes while events are translated.
        swap(&answer.writer.output, &out)
        defer { swap(&answer.writer.output, &out) }
        framing.willSearch(bytes)
        if pending.isEmpty {
            let consumed = consume(bytes, reader)
            pending.append(contentsOf: bytes[consumed...])
        } else {
            pending.append(contentsOf: bytes)
            consumePending(reader)
        }
        if case .open = state, pending.count > OpenAIStream.longestEvent { state = .failed(Self.tooLong) }
        return state
    }

    mutating func end(reader: JSONReader, into out: inout [UInt8]) -> OpenAIStream.End {
        swap(&answer.writer.output, &out)
        defer { swap(&answer.writer.output, &out) }
        if case .open = state, !pending.isEmpty {
            isAtEnd = true
            pending.append(Events.Framing.terminator)
            consumePending(reader)
        }
        pending = []
        if case .open = state, events.isComplete { finish() }
        return switch state {
        case .failed(let error): .failed(error)
        case .done: .complete
        case .open: .truncated
        }
    }

    private mutating func finish() {
        events.finish(&answer)
        if wantsUsage, let usage { answer.writer.usage(usage, cost: pricing.cost(of: usage)) }
        state = .done
    }

    private mutating func consumePending(_ reader: JSONReader) {
        // Taken out of `self` while it is read, put back with its memory.
        var buffer: [UInt8] = []
        swap(&buffer, &pending)
        let consumed = buffer.withUnsafeBytes { consume($0, reader) }
        buffer.removeSubrange(..<consumed)
        swap(&buffer, &pending)
    }

    /// Handles all complete events of `buffer`; returns how many bytes they are.
    private mutating func consume(_ buffer: UnsafeRawBufferPointer, _ reader: JSONReader) -> Int {
        var consumed = 0
        do throws(GatewayError) {
            while case .open = state, let event = try framing.next(in: buffer) {
                guard event.end - consumed <= OpenAIStream.longestEvent else { throw Self.tooLong }
                consumed = event.end
                try handle(event, reader)
                if events.isDone { finish() }
            }
        } catch { state = .failed(error) }
        framing.didConsume(consumed)
        return consumed
    }

    private mutating func handle(_ event: FramedEvent, _ reader: JSONReader) throws(GatewayError) {
        switch event.payload {
        case nil: if event.isError { throw events.failure(event.name, nil) }
        case .inPlace(let data): try handle(event, data, reader)
        case .joined(let data):
            let outcome = data.withUnsafeBytes { data in Result { () throws(GatewayError) in try handle(event, data, reader) } }
            try outcome.get()
        }
    }

    private mutating func handle(
        _ event: FramedEvent, _ data: UnsafeRawBufferPointer, _ reader: JSONReader
    ) throws(GatewayError) {
        let written = answer.writer.output.count
        // Two failures are distinguished: the text is not JSON, or the event cannot be translated.
        let outcome: Result<Void, GatewayError>
        do { outcome = try translate(event, data, reader) } catch {
            if isAtEnd { return }
            if let mended = JSONMending.mended(data), let outcome = translate(event, mended: mended, reader) {
                return try outcome.get()
            }
            throw event.isError ? events.failure(event.name, nil) : OpenAIFailure.unusable("a stream event: " + error.publicMessage)
        }
        if case .failure(let error) = outcome {
            answer.writer.output.removeSubrange(written...)
            throw error
        }
    }

    private mutating func translate(
        _ event: FramedEvent, _ data: UnsafeRawBufferPointer, _ reader: JSONReader
    ) throws(GatewayError) -> Result<Void, GatewayError> {
        try reader.read(data) { root in
            Result { () throws(GatewayError) in
                if event.isError { throw events.failure(event.name, root) }
                try events.translate(event.name, root, &answer)
            }
        }
    }

    /// - Returns: `nil` when the mended text is not JSON either.
    private mutating func translate(
        _ event: FramedEvent, mended: [UInt8], _ reader: JSONReader
    ) -> Result<Void, GatewayError>? {
        mended.withUnsafeBytes { try? translate(event, $0, reader) }
    }

    private static var tooLong: GatewayError {
        OpenAIFailure.unusable("a stream event is longer than \(OpenAIStream.longestEvent) bytes")
    }
}
