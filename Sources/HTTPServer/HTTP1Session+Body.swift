internal import EventLoop

/// Request bodies.
extension HTTP1Session {
    /// The handler begins to read the body.
    mutating func beginBody(at now: MonotonicTime) {
        exchange.body = HTTPBodyDecoder(framing: exchange.framing, limits: rules.limits)
        exchange.bodyStart = now
        exchange.arrivedBytes = 0
        deadline = now + rules.intervals.bodyIdle
    }

    /// Takes in more of the body: it must go on soon, and be fast enough in the long run.
    mutating func receivedBody(_ bytes: UnsafeRawBufferPointer, at now: MonotonicTime) {
        append(bytes)
        exchange.arrivedBytes += bytes.count
        let start = exchange.bodyStart
        let slowest = start + rules.intervals.bodyIdle + .seconds(exchange.arrivedBytes / rules.intervals.bodyBytesPerSecond)
        deadline = min(now + rules.intervals.bodyIdle, start + rules.intervals.bodyTotal, slowest)
    }

    /// Takes the framing off what has come, and appends the rest to `body`.
    mutating func takeBody(into body: inout [UInt8]) -> HTTPBodyDecoder.BodyResult {
        guard inputCount > 0, exchange.body != nil else { return .incomplete(consumed: 0) }
        let input = input
        let result = exchange.body?.decode(input.span.extracting(droppingFirst: inputStart), into: &body) ?? .incomplete(consumed: 0)
        switch result {
        case .complete(let consumed), .incomplete(let consumed): consume(consumed)
        case .invalid: break
        }
        return result
    }

    /// The handler has stopped reading the body.
    /// - Parameter isWhole: whether all of it has been read; else the connection must end, for the next request's place is unknown.
    mutating func endBody(isWhole: Bool) {
        deadline = .never
        exchange.body = nil
        if isWhole { exchange.bodyIsRead = true } else { exchange.mustClose = true }
    }

    /// How long the body is, where its length is known and the client does not wait to be asked for it; `nil` also when it has been read.
    var unaskedBody: Int? {
        guard !exchange.bodyIsRead, !exchange.expectsContinue, case .length(let length) = exchange.framing else { return nil }
        return length
    }

    /// Takes a body that has come as a whole, to the end of `body`.
    mutating func takeArrivedBody(into body: inout [UInt8]) {
        guard let length = unaskedBody, inputCount >= length else { return }
        body.append(contentsOf: input[inputStart..<inputStart + length])
        consume(length)
        exchange.bodyIsRead = true
    }

    /// Discards a body that the handler has not begun to read, if it has come already: a request can then be refused and its connection
    /// kept.
    mutating func dropBody() {
        guard let length = unaskedBody, inputCount >= length else { return }
        consume(length)
        exchange.bodyIsRead = true
    }
}
