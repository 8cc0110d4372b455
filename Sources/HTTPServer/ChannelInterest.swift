internal import EventLoop

/// What a client's socket is watched for, and what its readiness means: the rules of a ``ClientChannel``, without the socket.
///
/// The watch is level-triggered: after a read that was not full nothing is read again before epoll says so, which spares every request the
/// read that finds nothing. Bytes that arrive while no reader waits for them take `readable` out of the watch until a reader does.
struct ChannelInterest {
    /// The readiness that the socket is to be watched for.
    private(set) var wanted: Readiness = [.readable, .peerClosed]
    /// Whether a read is worth trying before epoll says so.
    var mayRead = false
    /// Whether a write is worth trying before epoll says so.
    private(set) var mayWrite = true

    /// What the channel has to do about readiness.
    enum News {
        case nothing
        /// The reader waits for the bytes that have arrived: wake it.
        case wakesReader
        /// The client is gone.
        case lost
    }

    /// Takes in what epoll says.
    /// - Parameters:
    ///   - readerWaits: whether a reader waits for bytes.
    ///   - isInExchange: whether a request is being answered.
    mutating func note(_ readiness: Readiness, readerWaits: Bool, isInExchange: Bool, isEncrypted: Bool) -> News {
        if readiness.contains(.writable) {
            mayWrite = true
            wanted.subtract(.writable)
        }
        if !readiness.isDisjoint(with: [.hungUp, .failed]) { return .lost }
        // TLS clients do not half-close: one that sends its FIN during an exchange has given up. Without TLS the client may still be
        // reading.
        if readiness.contains(.peerClosed), isInExchange, isEncrypted { return .lost }
        guard !readiness.isDisjoint(with: [.readable, .peerClosed]) else { return .nothing }
        mayRead = true
        if readerWaits { return .wakesReader }
        // During an exchange the FIN of a TLS client must still be noticed.
        wanted.subtract(isInExchange && isEncrypted ? .readable : [.readable, .peerClosed])
        return .nothing
    }

    /// A reader begins to wait for bytes.
    mutating func awaitBytes() { wanted.formUnion([.readable, .peerClosed]) }

    /// A write found no room.
    mutating func awaitRoom() {
        mayWrite = false
        wanted.insert(.writable)
    }

    /// Nothing can be written any more.
    mutating func lose() { mayWrite = false }
}
