import COpenSSL
import Glibc
import Synchronization
import Testing

@testable import TLS

struct FaultTests {
    let directory: TestDirectory
    let context: TLSServerContext

    init() throws {
        directory = try TestDirectory()
        context = try TLSServerContext(directory: directory.path)
    }

    /// Bytes that arrive instead of a ClientHello.
    static let garbage: [String: [UInt8]] = [
        "HTTP": Array("GET / HTTP/1.1\r\nhost: a\r\n\r\n".utf8),
        "CONNECT": Array("CONNECT a:443 HTTP/1.1\r\n\r\n".utf8),
        "zeros": [UInt8](repeating: 0, count: 4096),
        "ones": [UInt8](repeating: 255, count: 4096),
        "SSH": Array("SSH-2.0-OpenSSH_9.2\r\n".utf8),
        "huge record": [22, 3, 1, 255, 255] + [UInt8](repeating: 1, count: 1000),
        "empty handshake record": [22, 3, 1, 0, 0, 22, 3, 1, 0, 0] + [UInt8](repeating: 0, count: 64),
        "application data first": [23, 3, 3, 0, 4, 1, 2, 3, 4],
        "alert": [21, 3, 3, 0, 2, 2, 40],
        "ClientHello of nonsense": [22, 3, 1, 0, 44, 1, 0, 0, 40, 3, 3] + [UInt8](repeating: 7, count: 38),
    ]

    @Test(arguments: Self.garbage)
    func garbageFailsTheHandshake(_ name: String, _ bytes: [UInt8]) throws {
        let wire = try Wire(context)
        wire.send(bytes)
        guard case .failed(let failure) = wire.tls.handshake() else { return #expect(Bool(false), "\(name) was taken") }
        #expect(failure.cause == .protocolError)
        #expect(!failure.description.isEmpty)
        #expect(ERR_peek_error() == 0)
        // It stays failed, without another call to OpenSSL.
        guard case .failed(failure) = wire.tls.handshake(), case .failed(failure) = wire.tls.write([1]),
            case .failed(failure) = wire.tls.read()
        else { return #expect(Bool(false), "\(name) revived") }
        wire.tls.shutdown()
    }

    @Test func aPortScanEndsTheHandshake() throws {
        for sent in [[], [22], [22, 3, 1, 0, 100, 1]] as [[UInt8]] {
            let wire = try Wire(context)
            wire.send(sent)
            guard case .wantsRead = wire.tls.handshake() else { return #expect(Bool(false), "did not wait") }
            wire.hangUp()
            guard case .failed(let failure) = wire.tls.handshake() else { return #expect(Bool(false), "still waits") }
            #expect(failure.cause == .endOfStream)
        }
    }

    @Test func aClosedDescriptorIsASystemFailure() throws {
        let tls = try context.accept(descriptor: -1)
        guard case .failed(let failure) = tls.handshake() else { return #expect(Bool(false), "went on") }
        #expect(failure == TLSFailure(.system, number: EBADF))
        #expect(failure.description == "Bad file descriptor")
    }

    // MARK: The error queue

    /// Leaves an error in this thread's queue, as another connection could.
    static func litter() { #expect(BIO_new_file("/nonexistent", "r") == nil) }

    @Test func anotherConnectionsErrorIsNotOurs() throws {
        let broken = try Wire(context)
        let healthy = try Wire(context)
        broken.send([UInt8](repeating: 255, count: 64))
        guard case .failed = broken.tls.handshake(), case .wantsRead = healthy.tls.handshake() else {
            return #expect(Bool(false), "the healthy one suffered")
        }
        Self.litter()
        guard case .wantsRead = healthy.tls.handshake() else { return #expect(Bool(false), "litter was taken for a failure") }
    }

    @Test func litterDoesNotBreakTransfers() throws {
        let outcome = Box<String>()
        let server = try LoopbackServer(context) { connection in
            guard connection.handshake() == nil else { return outcome.put("no handshake") }
            Self.litter()
            guard case .wantsRead = connection.tls.read() else { return outcome.put("read") }
            Self.litter()
            guard case .bytes(1) = connection.tls.write([1]) else { return outcome.put("write") }
            Self.litter()
            connection.tls.shutdown()
            outcome.put(ERR_peek_error() == 0 ? "fine" : "litter left")
        }
        let ran = python("print(connect(context()).recv(9))", port: server.port, ca: directory.authority)
        #expect(ran.output == "b'\\x01'\n")
        #expect(try outcome.first() == "fine")
    }

    // MARK: Leaks

    @Test func failedHandshakesLeaveNothingBehind() throws {
        let live = LiveConnections()
        for round in 0..<1000 {
            let wire = try Wire(context)
            let bytes = Array(Self.garbage.values)[round % Self.garbage.count]
            if round % 3 == 0 { wire.send(Array(bytes.prefix(4))) } else { wire.send(bytes) }
            if round % 2 == 0 { wire.hangUp() }
            _ = wire.tls.handshake()
        }
        #expect(live.made == 1000)
        #expect(live.left == 0)
    }

    @Test func theDescriptorStaysTheCallers() throws {
        var pair: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0)
        var tls: TLSConnection? = try context.accept(descriptor: pair[0])
        weak let remembered = tls
        tls = nil
        #expect(remembered == nil)
        #expect(fcntl(pair[0], F_GETFD) >= 0)
        close(pair[0])
        close(pair[1])
    }
}

extension TLSConnection {
    func write(_ bytes: [UInt8]) -> TLSWrite { bytes.withUnsafeBytes { write($0) } }
    func read() -> TLSRead { withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { read(into: $0) } }
}

/// Counts the `SSL` objects that this thread makes and frees, as OpenSSL reports them.
struct LiveConnections {
    private struct Count { var thread: pthread_t?; var made = 0; var freed = 0 }
    private static let count = Mutex(Count())
    private static let index: Int32 = CRYPTO_get_ex_new_index(
        CRYPTO_EX_INDEX_SSL, 0, nil, { _, _, _, _, _, _ in Self.add { $0.made += 1 } }, nil,
        { _, _, _, _, _, _ in Self.add { $0.freed += 1 } })

    private static func add(_ change: (inout Count) -> Void) {
        count.withLock { if $0.thread == pthread_self() { change(&$0) } }
    }

    init() {
        #expect(Self.index > 0)
        Self.count.withLock { $0 = Count(thread: pthread_self()) }
    }

    var made: Int { Self.count.withLock { $0.made } }
    var left: Int { Self.count.withLock { $0.made - $0.freed } }
}
