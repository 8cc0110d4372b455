internal import EventLoop

/// Request bodies.
extension HTTPConnection {
    /// Reads a request's body to its end, or until `hasRoom` says no to its size so far.
    func readBody(
        _ decoder: inout HTTPBodyDecoder, into body: inout [UInt8], hasRoom: (Int) -> Bool
    ) async throws(HTTPViolation) {
        let start = loop.now
        timer?.set(start + server.intervals.bodyIdle)
        defer { timer?.set(.never) }
        while true {
            if inputStart < input.count {
                let result = decode(&decoder, into: &body)
                guard hasRoom(body.count) else { throw .noRoom }
                switch result {
                case .complete(let consumed): return consume(consumed)
                case .incomplete(let consumed): consume(consumed)
                case .invalid(let violation): throw violation
                }
            }
            switch fill() {
            case .bytes: timer?.set(min(loop.now + server.intervals.bodyIdle, slowestEnd(since: start, bytes: body.count)))
            case .closed: throw .clientLeft
            case .wouldBlock:
                if await readable() { continue }
                throw isGone ? .clientLeft : .bodyTimeout
            }
        }
    }

    private func decode(_ decoder: inout HTTPBodyDecoder, into body: inout [UInt8]) -> HTTPBodyDecoder.BodyResult {
        let input = input
        return decoder.decode(input.span.extracting(droppingFirst: inputStart), into: &body)
    }

    private func slowestEnd(since start: MonotonicTime, bytes: Int) -> MonotonicTime {
        min(
            start + server.intervals.bodyTotal,
            start + server.intervals.bodyIdle + .seconds(bytes / max(1, server.timeouts.bodyBytesPerSecond)))
    }

    /// Throws away a body of `length` bytes if it has come already, so that a request can be refused and its connection kept.
    func dropBody(of length: Int) -> Bool {
        // What is small comes with its head, or is on its way behind it.
        if input.count - inputStart < length, length <= server.scratch.count {
            mayRead = true
            _ = fill()
        }
        guard input.count - inputStart >= length else { return false }
        consume(length)
        return true
    }
}
