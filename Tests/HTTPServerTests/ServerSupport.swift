import EventLoop
import Glibc
import Synchronization

@testable import HTTPServer

/// A server on a loop of its own, on plain sockets, whose requests are answered by a closure.
final class ServerUnderTest: HTTPHandler, @unchecked Sendable {
    typealias Answer = @Sendable (HTTPExchange, EventLoop) async -> Void

    private let group: LoopGroup
    private let answer: Answer
    private let away = Atomic(0)
    /// Used on the loop only.
    private var server: HTTPServer?
    private(set) var port: UInt16 = 0

    var loop: EventLoop { group.loops[0] }
    var turnedAwayCount: Int { away.load(ordering: .relaxed) }
    var connectionCount: Int { onServer { $0.connectionCount } }

    init(_ timeouts: HTTPTimeouts = HTTPTimeouts(), maxConnections: Int = 100, _ answer: @escaping Answer) throws {
        self.answer = answer
        group = try LoopGroup(count: 1)
        let loop = group.loops[0]
        port = try loop.runAndWait { () -> Result<UInt16, SystemError> in
            let server = HTTPServer(
                loop: loop, handler: self, limits: HTTPLimits(body: 1 << 20), timeouts: timeouts, maxConnections: maxConnections)
            self.server = server
            do throws(SystemError) {
                return .success(try server.listen(on: ListenAddress(host: "127.0.0.1", port: 0, isPlain: true), tls: nil))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    /// Ends everything; to be called once.
    func stop() {
        onServer { $0.abortConnections() }
        loop.runAndWait { self.server = nil }
        group.stopAndWait()
    }

    func onServer<R: Sendable>(_ action: @escaping @Sendable (HTTPServer) -> R) -> R {
        loop.runAndWait {
            guard let server = self.server else { fatalError("the server was stopped") }
            return action(server)
        }
    }

    func handle(_ exchange: HTTPExchange) async { await answer(exchange, loop) }

    func refuse(_ violation: HTTPViolation, _ refusal: HTTPRefusal) {
        refusal.respond(violation.status, body: Array("refused".utf8)) { $0.appendField("x-refused", value: violation.status) }
    }

    func turnedAway() { away.add(1, ordering: .relaxed) }
}

/// A blocking client on a plain socket; what takes longer than five seconds fails.
final class BareClient: Sendable {
    private let descriptor: Int32

    /// - Parameter receiveBuffer: bytes that the kernel keeps for a client that does not read; `nil`: as usual.
    init(_ port: UInt16, receiveBuffer: Int32? = nil) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        withUnsafePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    deinit { close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the connection with a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        // The socket closes, and its number stays taken until the end of this object.
        let spare = open("/dev/null", O_RDONLY)
        dup2(spare, descriptor)
        close(spare)
    }

    /// What one read gives; empty at the end, `nil` when nothing comes or the connection is broken.
    func receive(most: Int = 1 << 16) -> String? {
        var bytes = [UInt8](repeating: 0, count: most)
        let count = recv(descriptor, &bytes, most, 0)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Everything until the connection ends; `nil` when it does not end well.
    func receiveAll() -> String? {
        var all = ""
        while let piece = receive() {
            if piece.isEmpty { return all }
            all += piece
        }
        return nil
    }

    /// Reads until `text` has come.
    func receive(until text: String) -> String {
        var all = ""
        while !all.hasSuffix(text), let piece = receive(), !piece.isEmpty { all += piece }
        return all
    }
}

/// Waits until `condition` holds, for at most thirty seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<6_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return condition()
}
