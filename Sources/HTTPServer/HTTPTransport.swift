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
    var tls: TLSConnection?

    enum Glance {
        case byte(UInt8)
        case wouldBlock
        case closed
    }

    /// Looks at the first byte that has come and leaves it where it is.
    func peek() -> Glance {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        if count == 1 { return .byte(byte) }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .wouldBlock : .closed
    }

    /// Goes on with the TLS handshake; `bytes` means that it is done.
    func handshake() -> Outcome {
        guard let tls else { return .bytes(0) }
        switch tls.handshake() {
        case .done: return .bytes(0)
        case .wantsRead, .wantsWrite: return .wouldBlock
        case .failed: return .closed
        }
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
