internal import EventLoop

/// What a client's socket is watched for, and what its readiness means: the rules of a ``ClientChannel``, without the socket.
///
/// The watch is level-triggered: after a read that was not full nothing is read again before epoll says so, which spares every request the
/// read that finds nothing. What arrives while nobody waits for it takes `readable` out of the watch until somebody does.
struct ChannelInterest {
    /// What the watch is to be.
    private(set) var wanted: Readiness = [.readable, .peerClosed]
    /// Whether a read is worth trying before epoll says so.
    var mayRead = false
    /// Whether a write is.
    private(set) var mayWrite = true

    /// What the channel has to do about readiness.
    enum News {
        case nothing
        /// Somebody waits for what has come.
        case wakesReader
        /// The client is gone.
        case lost
    }

    /// Takes in what epoll says.
    /// - Parameters:
    ///   - readerWaits: whether somebody waits for bytes.
    ///   - isInExchange: whether a request is being answered.
    mutating func note(_ readiness: Readiness, readerWaits: Bool, isInExchange: Bool, isEncrypted: Bool) -> News {
        if readiness.contains(.writable) {
            mayWrite = true
            wanted.subtract(.writable)
        }
        if !readiness.isDisjoint(with: [.hungUp, .failed]) { return .lost }
        // Over TLS nobody half-closes: a client that sends its FIN during an exchange has given up. In the clear it may still be reading.
        if readiness.contains(.peerClosed), isInExchange, isEncrypted { return .lost }
        guard !readiness.isDisjoint(with: [.readable, .peerClosed]) else { return .nothing }
        mayRead = true
        if readerWaits { return .wakesReader }
        // Of a TLS client in an exchange its FIN is still of interest.
        wanted.subtract(isInExchange && isEncrypted ? .readable : [.readable, .peerClosed])
        return .nothing
    }

    /// Somebody waits for bytes.
    mutating func awaitBytes() { wanted.formUnion([.readable, .peerClosed]) }

    /// A write found no room.
    mutating func awaitRoom() {
        mayWrite = false
        wanted.insert(.writable)
    }

    /// Nothing can be written any more.
    mutating func lose() { mayWrite = false }
}
