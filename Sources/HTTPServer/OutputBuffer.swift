/// Bytes on their way to a client, and how many of them have left.
struct OutputBuffer {
    /// What has been written and not been forgotten; append at its end.
    var bytes: [UInt8] = []
    private var sentCount = 0

    /// Bytes that a socket has not taken yet.
    var unsentCount: Int { bytes.count - sentCount }

    /// Hands what is unsent to `send`, which says how many of them it took.
    @inline(__always)
    func send<Outcome>(_ send: (UnsafeRawBufferPointer) -> Outcome) -> Outcome {
        bytes.withUnsafeBytes { send(UnsafeRawBufferPointer(rebasing: $0[sentCount...])) }
    }

    /// Takes in that `count` more bytes have left.
    mutating func noteSent(_ count: Int) { sentCount += count }

    /// Gives memory back that is worth it: all of it where nothing is left, but for a little.
    /// - Parameter isInExchange: whether more of the same answer follows: what its head took is not needed for the pieces behind it.
    ///
    /// A client that is a little slower than its provider never empties the buffer: what it has got must not pile up in it.
    mutating func forgetSent(isInExchange: Bool = false) {
        if sentCount == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= (isInExchange ? Self.keptInExchange : Self.keptCapacity))
            sentCount = 0
        } else if sentCount >= Self.mostKeptSent {
            bytes.removeFirst(sentCount)
            sentCount = 0
        }
    }

    /// Drops everything.
    mutating func removeAll() {
        bytes = []
        sentCount = 0
    }

    /// Bytes that an emptied buffer keeps for the next piece of a stream: thousands of streams may be waiting for theirs.
    private static let keptInExchange = 512
    /// Bytes that an emptied buffer keeps for the next answer.
    private static let keptCapacity = 4 * 1024
    /// Bytes that have left and may stay in front of those that have not.
    private static let mostKeptSent = 64 * 1024
}
