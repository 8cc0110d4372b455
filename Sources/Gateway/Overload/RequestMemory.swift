internal import HTTPServer

/// What one request has set aside of the memory. `end` must be called once, whatever happens.
struct RequestMemory {
    private let share: MemoryShare
    private(set) var promised = 0
    private var arrived = 0
    /// Bytes of the body that there is room for, and those that have come.
    private(set) var expected = 0
    private var received = 0

    /// What a request takes besides its body: connection with TLS, task, transfer, answer; measured at 70 KiB with the connection
    /// (docs/benchmarks.md, held streams).
    static let fixedPart = 64 << 10
    /// What the buffers of a stream add where its client is slow and memory is scarce.
    private static let streamPart = 128 << 10
    /// A body is there twice: as the client sent it, kept for another provider, and as it goes upstream.
    private static let copies = 2
    /// Bodies above this size are refused before smaller ones are.
    private static let largeBody = 256 << 10
    /// What is expected of a body whose length is not known.
    private static let firstExpectation = 16 << 10

    /// Whether a body of `bytes` is refused before smaller ones are.
    static func isLarge(_ bytes: Int) -> Bool { bytes > largeBody }

    /// Sets aside what a request with such a body takes; `nil` when there is no room.
    init?(_ framing: HTTPFraming, of share: MemoryShare) {
        self.share = share
        expected = Self.expectation(framing)
        promised = Self.fixedPart + expected * Self.copies
        guard share.take(promised, isLarge: Self.isLarge(expected)) else { return nil }
        arrive(Self.fixedPart)
    }

    /// The size of a body with this framing, as far as it is known, in bytes.
    static func expectation(_ framing: HTTPFraming) -> Int {
        switch framing {
        case .none: 0
        case .length(let length): length
        case .chunked: firstExpectation
        }
    }

    /// Takes in that `count` bytes of the body have come; false when there is no room for that, or for so large a body any more.
    mutating func receive(_ count: Int) -> Bool {
        if count > expected, !expect(max(count, 2 * expected)) { return false }
        arrive(count - received)
        received = count
        return !Self.isLarge(count) || !share.budget.wantsBack(promised)
    }

    private mutating func expect(_ count: Int) -> Bool {
        let more = (count - expected) * Self.copies
        guard share.take(more, isLarge: Self.isLarge(count)) else { return false }
        promised += more
        expected = count
        return true
    }

    /// Sets aside what a stream takes besides; false when there is no room.
    mutating func addStream() -> Bool {
        guard share.take(Self.streamPart, isLarge: false) else { return false }
        promised += Self.streamPart
        return true
    }

    /// The body is whole and goes upstream: from here on it is there twice.
    mutating func redeem() {
        // One whose length was not known may be less than was expected.
        let spare = (expected - received) * Self.copies
        share.giveBack(spare)
        promised -= spare
        expected = received
        arrive(Self.fixedPart + received * Self.copies - arrived)
    }

    func end() {
        share.noteArrival(-arrived)
        share.giveBack(promised)
    }

    private mutating func arrive(_ bytes: Int) {
        arrived += bytes
        share.noteArrival(bytes)
    }
}
