internal import Glibc
internal import TLS

/// The bytes of one connection, behind TLS or in the clear; never blocks.
struct HTTPTransport {
    enum Outcome {
        case bytes(Int)
        /// Nothing now; try again when the descriptor is ready for reading (or writing).
        case wouldBlock
        /// The peer is done, properly or not.
        case closed
    }

    let descriptor: Int32
    /// `nil` in the clear.
    private(set) var tls: TLSConnection?

    /// How far the opening of a connection has come.
    enum Opening {
        /// Bytes can be read and written.
        case ready
        /// The client speaks plain HTTP where TLS is spoken; from here on bytes go in the clear.
        case plainHTTP
        /// Not yet; go on when the descriptor is ready.
        case wouldBlock
        case failed
    }

    private var hasSeenFirstByte = false

    init(descriptor: Int32, tls: TLSConnection?) {
        self.descriptor = descriptor
        self.tls = tls
    }

    /// Goes on with the opening: a look at the first byte, then the TLS handshake.
    mutating func open() -> Opening {
        guard let tls else { return .ready }
        if !hasSeenFirstByte {
            let glance = lookAtFirstByte()
            guard glance == .ready else { return glance }
            hasSeenFirstByte = true
        }
        switch tls.handshake() {
        case .done: return .ready
        case .wantsRead, .wantsWrite: return .wouldBlock
        case .failed: return .failed
        }
    }

    /// The byte stays where it is.
    private mutating func lookAtFirstByte() -> Opening {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        guard count == 1 else { return count < 0 && (errno == EAGAIN || errno == EINTR) ? .wouldBlock : .failed }
        // A TLS record begins with its type, 22; a letter begins the method of a request in plain HTTP.
        guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) else { return .ready }
        tls = nil
        return .plainHTTP
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        if let tls {
            switch tls.read(into: buffer) {
            case .bytes(let count): return .bytes(count)
            case .wantsRead, .wantsWrite: return .wouldBlock
            case .closed, .failed: return .closed
            }
        }
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .wouldBlock : .closed
    }

    /// Whether a read that gave `count` bytes may have left some behind: a full TLS record, or bytes that libssl
    /// has taken from the socket already, of which epoll knows nothing.
    func mayHaveMore(after count: Int) -> Bool {
        // In the clear epoll tells of everything.
        guard let tls else { return false }
        return count >= Self.longestRecord || tls.hasPending
    }

    /// The most plaintext that one TLS record carries (RFC 8446, section 5.1).
    private static let longestRecord = 16 * 1024

    func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        if let tls {
            switch tls.write(bytes) {
            case .bytes(let count): return .bytes(count)
            case .wantsRead, .wantsWrite: return .wouldBlock
            case .failed: return .closed
            }
        }
        let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        if count >= 0 { return .bytes(count) }
        return errno == EAGAIN || errno == EINTR ? .wouldBlock : .closed
    }

    /// Says that nothing more will be sent.
    func finishSending() {
        tls?.shutdown()
        shutdown(descriptor, Int32(SHUT_WR))
    }

    func close() { Glibc.close(descriptor) }
}
