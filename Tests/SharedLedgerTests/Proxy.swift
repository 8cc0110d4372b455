import Foundation
import Glibc

/// Stands between a gateway and PostgreSQL, and can stop forwarding without closing anything: a network that swallows packets.
final class Proxy: @unchecked Sendable {
    let port: Int
    private let target: Int
    private let listener: Int32
    private let lock = NSLock()
    private var frozen = false

    init(to target: Int) throws {
        self.target = target
        port = try freePort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard Self.with(port, { bind(listener, $0, $1) }) == 0, listen(listener, 16) == 0 else { throw CommandFailure(text: "proxy") }
        Thread.detachNewThread { [self] in accept() }
    }

    var isFrozen: Bool {
        get { lock.withLock { frozen } }
        set { lock.withLock { frozen = newValue } }
    }

    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func with(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 { break }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard Self.with(target, { connect(server, $0, $1) }) == 0 else {
                Glibc.close(client)
                Glibc.close(server)
                continue
            }
            Thread.detachNewThread { [self] in forward(client, server) }
            Thread.detachNewThread { [self] in forward(server, client) }
        }
        Glibc.close(listener)
    }

    private func forward(_ source: Int32, _ sink: Int32) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(source, &bytes, bytes.count)
            if count <= 0 { break }
            while isFrozen { usleep(5_000) }
            var sent = 0
            while sent < count {
                let wrote = bytes.withUnsafeBytes { send(sink, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL)) }
                if wrote <= 0 { break }
                sent += wrote
            }
        }
        // Each descriptor is closed by the thread that reads from it, once both directions have ended.
        shutdown(sink, Int32(SHUT_RDWR))
        Glibc.close(source)
    }
}
