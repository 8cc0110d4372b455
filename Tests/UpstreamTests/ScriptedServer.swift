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
    /// Is sent when a head has come, before its body is read.
    private let greeting: String
    private let counters = Mutex((accepted: 0, requests: 0, peerCloses: 0, bodyBytes: 0))
    private let receivedHeads = Mutex<[String]>([])

    var accepted: Int { counters.withLock { $0.accepted } }
    var requests: Int { counters.withLock { $0.requests } }
    var peerCloses: Int { counters.withLock { $0.peerCloses } }

    /// Bytes of all bodies, without their framing.
    var bodyBytes: Int { counters.withLock { $0.bodyBytes } }

    /// The heads of all requests, in order.
    var heads: [String] { receivedHeads.withLock { $0 } }

    init(_ script: [Act], greeting: String = "") {
        self.script = script
        self.greeting = greeting
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

    /// Reads a head and the body that it announces.
    private func readRequest(_ connection: Int32) -> Bool {
        guard let head = readLine(connection, end: "\r\n\r\n") else { return false }
        receivedHeads.withLock { $0.append(head) }
        _ = sendAll(Array(greeting.utf8), connection)
        let fields = head.lowercased().split(separator: "\r\n")
        if fields.contains("transfer-encoding: chunked") { return readChunks(connection) }
        let length = fields.first { $0.hasPrefix("content-length:") }
        return readBytes(length.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0, connection)
    }

    private func readChunks(_ connection: Int32) -> Bool {
        while let line = readLine(connection, end: "\r\n"), let size = Int(line.dropLast(1), radix: 16) {
            guard readBytes(size, connection), readLine(connection, end: "\r\n") != nil else { return false }
            if size == 0 { return true }
        }
        return false
    }

    private func readBytes(_ count: Int, _ connection: Int32) -> Bool {
        var left = count
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        while left > 0 {
            let received = recv(connection, &bytes, min(left, bytes.count), 0)
            guard received > 0 else { return false }
            left -= received
            counters.withLock { $0.bodyBytes += received }
        }
        return true
    }

    private func readLine(_ connection: Int32, end: String) -> String? {
        var text = ""
        var byte: UInt8 = 0
        while !text.hasSuffix(end) {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return text
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
