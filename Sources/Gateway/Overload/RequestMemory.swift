internal import HTTPServer

/// The memory promised to one request. `end` must be called exactly once.
struct RequestMemory {
    private let share: MemoryShare
    private(set) var promised = 0
    private var arrived = 0
    /// Bytes of the body that there is room for, and those that have come.
    private(set) var expected = 0
    private var received = 0

    /// The memory of a request besides its body: connection with TLS, task, transfer, answer; measured at 70 KiB with the connection
    /// (docs/benchmarks.md, held streams).
    static let fixedPart = 64 << 10
    /// The memory that the buffers of a stream add if its client is slow and memory is scarce.
    private static let streamPart = 128 << 10
    /// Copies of a body: the client's, kept for another attempt, and the one that goes upstream.
    private static let copies = 2
    /// Bodies above this size are refused before smaller ones are.
    private static let largeBody = 256 << 10
    /// The assumed size of a body of unknown length.
    private static let firstExpectation = 16 << 10

    /// Whether a body of `bytes` is refused before smaller ones are.
    static func isLarge(_ bytes: Int) -> Bool { bytes > largeBody }

    /// Promises the memory for a request with such a body; `nil` when there is not enough.
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

    /// Notes that `count` bytes of the body have come; false when there is not enough memory for them, or for a body of this size.
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

    /// Promises the memory that a stream needs in addition; false when there is not enough.
    mutating func addStream() -> Bool {
        guard share.take(Self.streamPart, isLarge: false) else { return false }
        promised += Self.streamPart
        return true
    }

    /// Call when the body has been read and copied for upstream: two copies are now resident.
    mutating func redeem() {
        // A body of unknown length may be smaller than was assumed.
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
