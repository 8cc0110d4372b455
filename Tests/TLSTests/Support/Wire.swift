import Glibc
import Testing

@testable import TLS

/// A connection over a pair of sockets; the test holds the client's end.
final class Wire {
    let tls: TLSConnection
    let server: Int32
    let client: Int32

    init(_ context: TLSServerContext) throws {
        signal(SIGPIPE, SIG_IGN)
        var pair: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw SetupError("socketpair") }
        (server, client) = (pair[0], pair[1])
        tls = try context.accept(descriptor: server)
    }

    deinit {
        close(server)
        close(client)
    }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(client, bytes, bytes.count, 0) }
    func hangUp() { shutdown(client, Int32(SHUT_WR)) }
}
