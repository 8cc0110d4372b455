import Glibc
import Synchronization

/// One thing a scripted upstream does.
enum Act: Sendable {
    case send(String)
    case sendBytes(Int)
    case wait(milliseconds: Int)
    /// Reads one more request.
    case awaitRequest
    /// Waits until the peer closes, and counts that.
    case awaitClose
    /// Ends the connection with a reset instead of a FIN.
    case reset
    case close
}

/// An upstream on a real socket that answers every request on every connection with the same script. For faults that no real one gives on request.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let script: [Act]
    private let counters = Mutex((accepted: 0, requests: 0, peerCloses: 0))
    private let receivedHeads = Mutex<[String]>([])

    var accepted: Int { counters.withLock { $0.accepted } }
    var requests: Int { counters.withLock { $0.requests } }
    var peerCloses: Int { counters.withLock { $0.peerCloses } }

    /// The heads of all requests, in order.
    var heads: [String] { receivedHeads.withLock { $0 } }

    init(_ script: [Act]) {
        self.script = script
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        port = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length)
                listen(descriptor, 64)
                getsockname(descriptor, $0, &length)
            }
            return UInt16(bigEndian: $0.pointee.sin_port)
        }
        Thread.detach { [self] in acceptAll() }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            counters.withLock { $0.accepted += 1 }
            Thread.detach { [self] in serve(connection) }
        }
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        while readRequest(connection) {
            counters.withLock { $0.requests += 1 }
            for act in script where !perform(act, connection) { return }
        }
    }

    private func perform(_ act: Act, _ connection: Int32) -> Bool {
        switch act {
        case .send(let text): return sendAll(Array(text.utf8), connection)
        case .sendBytes(let count): return sendAll([UInt8](repeating: 97, count: count), connection)
        case .wait(let milliseconds): usleep(UInt32(milliseconds) * 1_000)
        case .awaitRequest:
            guard readRequest(connection) else { return false }
            counters.withLock { $0.requests += 1 }
        case .awaitClose:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            counters.withLock { $0.peerCloses += 1 }
            return false
        case .reset:
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
            return false
        case .close: return false
        }
        return true
    }

    private func sendAll(_ bytes: [UInt8], _ connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else {
                counters.withLock { $0.peerCloses += 1 }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Reads a head and the body that its content-length announces.
    private func readRequest(_ connection: Int32) -> Bool {
        var text = ""
        var byte: UInt8 = 0
        while !text.hasSuffix("\r\n\r\n") {
            guard recv(connection, &byte, 1, 0) == 1 else { return false }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        let head = text
        receivedHeads.withLock { $0.append(head) }
        let field = text.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        var left = field.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
        while left > 0, recv(connection, &byte, 1, 0) == 1 { left -= 1 }
        return left == 0
    }
}

enum Thread {
    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func detach(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { box in
                if let box { Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body() }
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_detach(thread)
    }
}
