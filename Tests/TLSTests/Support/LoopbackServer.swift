import Glibc
import Synchronization
import Testing

@testable import TLS

/// Serves TLS on a port of 127.0.0.1, one connection after the other, on a thread of its own; ends with the last reference.
final class LoopbackServer: Sendable {
    let port: UInt16
    private let listener: Int32

    /// - Parameter serve: gets each connection before its handshake.
    init(_ context: TLSServerContext, serve: @escaping @Sendable (ServedConnection) -> Void = { $0.describe() }) throws {
        _ = Self.ignoreBrokenPipes
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw SetupError("bind") }
        port = UInt16(bigEndian: address.sin_port)
        onThread {
            while true {
                let accepted = accept(descriptor, nil, nil)
                if accepted < 0 { break }
                _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
                _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
                if let tls = try? context.accept(descriptor: accepted) { serve(ServedConnection(tls: tls, descriptor: accepted)) }
                // A program started meanwhile may have inherited the descriptor: closing it alone would not end the connection.
                shutdown(accepted, Int32(SHUT_WR))
                close(accepted)
            }
            close(descriptor)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static let ignoreBrokenPipes: Void = { signal(SIGPIPE, SIG_IGN) }()
}

/// Runs `body` on a new thread.
func onThread(_ body: @escaping @Sendable () -> Void) {
    final class Work { let body: @Sendable () -> Void; init(_ body: @escaping @Sendable () -> Void) { self.body = body } }
    var thread = pthread_t()
    let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
    }
    guard pthread_create(&thread, nil, start, Unmanaged.passRetained(Work(body)).toOpaque()) == 0 else { return }
    pthread_detach(thread)
}

/// A connection as a blocking program would use it.
struct ServedConnection {
    let tls: TLSConnection
    let descriptor: Int32

    private func wait(for events: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&entry, 1, 20_000) == 1
    }

    /// - Returns: why it failed; `nil` if it did not.
    func handshake() -> TLSFailure? {
        while true {
            switch tls.handshake() {
            case .done: return nil
            case .wantsRead: if !wait(for: POLLIN) { return TLSFailure(.system, number: ETIMEDOUT) }
            case .wantsWrite: if !wait(for: POLLOUT) { return TLSFailure(.system, number: ETIMEDOUT) }
            case .failed(let failure): return failure
            }
        }
    }

    /// Reads until something arrives; `[]` and how it ended otherwise.
    func read() -> (bytes: [UInt8], end: TLSRead?) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let result = tls.read(into: buffer)
            switch result {
            case .bytes(let count): return (Array(buffer[..<count]), nil)
            case .wantsRead: if !wait(for: POLLIN) { return ([], result) }
            case .wantsWrite: if !wait(for: POLLOUT) { return ([], result) }
            case .closed, .failed: return ([], result)
            }
        }
    }

    /// Writes everything; counts the calls by outcome.
    @discardableResult
    func write(_ bytes: [UInt8]) -> (steps: Int, waits: Int, largest: Int, failure: TLSFailure?) {
        var rest = bytes[...]
        var (steps, waits, largest) = (0, 0, 0)
        while !rest.isEmpty {
            // Each attempt from another address: buffers may move between calls.
            let moved = Array(rest)
            switch moved.withUnsafeBytes({ tls.write($0) }) {
            case .bytes(let count):
                rest = rest.dropFirst(count)
                steps += 1
                largest = max(largest, count)
            case .wantsWrite:
                waits += 1
                if !wait(for: POLLOUT) { return (steps, waits, largest, TLSFailure(.system, number: ETIMEDOUT)) }
            case .wantsRead: return (steps, waits, largest, TLSFailure(.protocolError))
            case .failed(let failure): return (steps, waits, largest, failure)
            }
        }
        return (steps, waits, largest, nil)
    }

    /// Answers the first bytes with the connection's facts and closes.
    func describe() {
        guard handshake() == nil, !read().bytes.isEmpty else { return }
        write(Array("\(tls.version) \(tls.negotiatedProtocol ?? "-") \(tls.serverName ?? "-") \(tls.resumed ? "resumed" : "full")\n".utf8))
        tls.shutdown()
    }
}

/// A value that a server's thread passes to the test.
final class Box<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    func put(_ value: Value) { values.withLock { $0.append(value) } }

    /// Waits for the first value.
    func first() throws -> Value { try all(1)[0] }

    /// Waits for so many values.
    func all(_ count: Int) throws -> [Value] {
        for _ in 0..<60_000 {
            let got = values.withLock { $0 }
            if got.count >= count { return got }
            usleep(1000)
        }
        throw SetupError("nothing came")
    }
}
