internal import EventLoop

/// Request bodies.
extension HTTPConnection {
    /// Reads a request's body to its end, or until `hasRoom` says no to its size so far.
    /// - Parameter inflater: unpacks the body; `nil` for one that comes as it is.
    func readBody(
        _ decoder: inout HTTPBodyDecoder, into body: inout [UInt8], unpacking inflater: BodyInflater?, hasRoom: (Int) -> Bool
    ) async throws(HTTPViolation) {
        let start = loop.now
        var arrived = 0
        timer?.set(start + server.intervals.bodyIdle)
        defer { timer?.set(.never) }
        while true {
            if inputStart < input.count {
                let result: HTTPBodyDecoder.BodyResult
                if let inflater {
                    result = decode(&decoder, into: &inflater.packed)
                    try await unpack(inflater, into: &body, hasRoom)
                } else {
                    result = decode(&decoder, into: &body)
                }
                guard hasRoom(body.count) else { throw .noRoom }
                switch result {
                case .complete(let consumed):
                    consume(consumed)
                    try inflater?.finish()
                    return
                case .incomplete(let consumed): consume(consumed)
                case .invalid(let violation): throw violation
                }
            }
            switch fill() {
            case .bytes(let count):
                arrived += count
                timer?.set(min(loop.now + server.intervals.bodyIdle, slowestEnd(since: start, bytes: arrived)))
            case .closed: throw .clientLeft
            case .wouldBlock:
                if await readable() { continue }
                throw isGone ? .clientLeft : .bodyTimeout
            }
        }
    }

    /// Unpacks what has come, in steps between which other connections take their turn.
    private func unpack(_ inflater: BodyInflater, into body: inout [UInt8], _ hasRoom: (Int) -> Bool) async throws(HTTPViolation) {
        let limit = server.limits.body
        while true {
            let hasMore = try inflater.unpack(into: &body, most: Self.unpackedAtOnce)
            guard body.count <= limit else { throw .bodyTooLarge }
            guard hasMore else { return }
            guard hasRoom(body.count) else { throw .noRoom }
            await Task.yield()
            guard !isGone else { throw .clientLeft }
        }
    }

    /// Bytes that one body may take of a round of the loop.
    private static let unpackedAtOnce = 256 * 1024

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
