internal import EventLoop

/// One HTTP/1 connection as a state machine: bytes and moments come in, actions and bytes come out. It uses no socket, no task and no
/// clock.
///
/// `awaitRequest` and then `received`, `timedOut` and `closed` lead to an action; after `.request` the body and the answer of the exchange are
/// moved along, and `conclude` ends it.
struct HTTP1Session {
    /// The next step of the connection.
    enum Action {
        /// Reading, and waiting where nothing has come, until `deadline`.
        case read
        /// Answering a request; nothing else is read meanwhile but its body.
        case request(HTTPRequestHead)
        /// Answering a request that is not valid HTTP, then ending.
        case refuse(HTTPViolation)
        /// Ending, when everything has been sent.
        case end
    }

    /// Where the connection stands.
    enum Phase {
        /// No byte of the next request has come.
        case atRest
        /// Part of a head has come.
        case inHead
        case inExchange
        /// No further request is taken.
        case over
    }

    /// How far the parser has come with a head that came in pieces. In a box of its own, which connections at rest and streams do without.
    private indirect enum PartialHead {
        case none
        case some(HTTPRequestParser)
    }

    let rules: HTTPRules
    private(set) var phase = Phase.atRest
    /// The time by which the awaited bytes must arrive; `never` while a request is being answered.
    var deadline = MonotonicTime.never
    /// Whether the client may still be sending bytes, which will not be read, when the connection ends.
    var lingers = false
    /// The request that is being answered, or was last.
    var exchange = HTTP1Exchange()
    private var partial = PartialHead.none
    private(set) var input: [UInt8] = []
    private(set) var inputStart = 0
    /// Whether it has had a request: then it may end between two.
    private var hasServed = false
    private var endsAtRest = false

    init(_ rules: HTTPRules) { self.rules = rules }

    // MARK: Requests

    /// Begins to wait for a request: the connection's first, or the next one.
    /// - Parameter keepsConnections: whether an idle connection may stay.
    mutating func awaitRequest(at now: MonotonicTime, keepsConnections: Bool) -> Action {
        guard phase != .over else { return .end }
        phase = inputCount == 0 ? .atRest : .inHead
        deadline = now + (phase == .atRest && hasServed && keepsConnections ? rules.intervals.keepAlive : rules.intervals.head)
        return phase == .atRest ? .read : parse()
    }

    /// Takes in what has come while a request was waited for.
    mutating func received(_ bytes: UnsafeRawBufferPointer, at now: MonotonicTime) -> Action {
        append(bytes)
        if phase == .atRest {
            phase = .inHead
            deadline = now + rules.intervals.head
        }
        return parse()
    }

    /// A read found no bytes.
    mutating func nothingCame(isDraining: Bool) -> Action {
        guard phase == .atRest, endsAtRest || isDraining else { return .read }
        return end()
    }

    /// The deadline has passed.
    mutating func timedOut() -> Action { phase == .inHead ? refuse(.headTimeout) : end() }

    /// The client sends no more, or is gone.
    mutating func closed() -> Action { end() }

    /// Gives up on a client that does not speak valid HTTP/1.
    mutating func refuse(_ violation: HTTPViolation) -> Action {
        lingers = true
        phase = .over
        deadline = .never
        return .refuse(violation)
    }

    private mutating func end() -> Action {
        phase = .over
        deadline = .never
        return .end
    }

    private mutating func parse() -> Action {
        let input = input
        var parser = if case .some(let parser) = partial { parser } else { HTTPRequestParser(limits: rules.limits) }
        switch parser.parseHead(input.span.extracting(droppingFirst: inputStart)) {
        case .incomplete:
            partial = .some(parser)
            return .read
        case .invalid(let violation): return refuse(violation)
        case .head(let head, let consumed):
            consume(consumed)
            endsAtRest = false
            phase = .inExchange
            deadline = .never
            if case .some = partial { partial = .none }
            exchange = HTTP1Exchange(head)
            return .request(head)
        }
    }

    // MARK: Endings

    /// The handler is done with the request.
    /// - Returns: whether the connection can take another one. An answer that was begun and not ended leaves the client at a truncated body.
    mutating func conclude(isDraining: Bool) -> Bool {
        hasServed = true
        let goesOn = exchange.answer == .whole && exchange.bodyIsRead && !exchange.mustClose && !isDraining
        if !goesOn { phase = .over }
        return goesOn
    }

    /// Called when the server shuts down.
    /// - Returns: whether a request is to be looked for once more before the connection ends; else it ends with its answer.
    mutating func drain() -> Bool {
        guard phase == .atRest else { return false }
        endsAtRest = true
        return true
    }

    /// Memory is short: an idle connection that has served a request ends. One that has not had a request yet gets less time for it.
    /// - Returns: as ``drain()``.
    mutating func saveMemory(at now: MonotonicTime) -> Bool {
        guard phase == .atRest else { return false }
        if hasServed { return drain() }
        deadline = now + rules.intervals.head
        return false
    }

    // MARK: Input

    /// The number of bytes that were received and not consumed.
    var inputCount: Int { input.count - inputStart }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if inputStart > 0 {
            input.removeFirst(inputStart)
            inputStart = 0
        }
        input.append(contentsOf: bytes)
    }

    mutating func consume(_ count: Int) {
        inputStart += count
        if inputStart >= input.count {
            inputStart = 0
            input.removeAll(keepingCapacity: false)
        }
    }
}
