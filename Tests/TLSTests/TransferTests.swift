import Glibc
import Testing

@testable import TLS

struct TransferTests {
    let directory: TestDirectory
    let context: TLSServerContext

    init() throws {
        directory = try TestDirectory()
        context = try TLSServerContext(directory: directory.path)
    }

    @Test func largeWritesGoStepByStep() throws {
        let bytes = (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 % 251) }
        let written = Box<(steps: Int, waits: Int, largest: Int, failure: TLSFailure?)>()
        let server = try LoopbackServer(context) { connection in
            var small: Int32 = 4096
            setsockopt(connection.descriptor, SOL_SOCKET, SO_SNDBUF, &small, socklen_t(MemoryLayout<Int32>.size))
            guard connection.handshake() == nil else { return }
            written.put(connection.write(bytes))
            connection.tls.shutdown()
        }
        let ran = python(
            """
            with connect(context()) as t:
                time.sleep(0.3)
                n, sum = 0, hashlib.sha256()
                while chunk := t.recv(65536):
                    n += len(chunk); sum.update(chunk)
                print(n, sum.hexdigest() == hashlib.sha256(bytes(i % 251 for i in range(4 << 20))).hexdigest())
            """, port: server.port, ca: directory.authority)
        #expect(ran.output == "\(4 << 20) True\n")
        let result = try written.first()
        #expect(result.failure == nil)
        // Many steps, some of which had to wait for a client that was slow to read.
        #expect((2...256).contains(result.steps))
        #expect(result.largest < bytes.count)
        #expect(result.waits > 0)
    }

    @Test func manyRecordsAtOnceAreAllRead() throws {
        let received = Box<Int>()
        let server = try LoopbackServer(context) { connection in
            guard connection.handshake() == nil else { return }
            usleep(100_000)
            var count = 0
            while count < 500_000 {
                let bytes = connection.read().bytes
                if bytes.isEmpty { break }
                count += bytes.count
            }
            received.put(count)
            connection.write([1])
        }
        let ran = python(
            """
            with connect(context()) as t:
                for _ in range(5000): t.sendall(b"x" * 100)
                t.recv(1)
            """, port: server.port, ca: directory.authority)
        #expect(ran.status == 0)
        #expect(try received.first() == 500_000)
    }

    @Test(arguments: ["V12", "V13"])
    func goodbyeIsToldFromALostConnection(_ version: String) throws {
        let ends = Box<[String]>()
        let server = try LoopbackServer(context) { connection in
            guard connection.handshake() == nil else { return ends.put(["no handshake"]) }
            var facts: [String] = []
            for _ in 0..<2 {
                if case .closed(let closure)? = connection.read().end { facts.append("\(closure)") }
            }
            facts.append(connection.write([1]).failure == nil ? "may write" : "may not write")
            ends.put(facts)
            connection.tls.shutdown()
        }
        let ran = python(
            """
            t = connect(context(\(version)))
            t.shutdown(socket.SHUT_WR)
            time.sleep(0.2)
            """, port: server.port, ca: directory.authority)
        #expect(ran.status == 0)
        #expect(try ends.first() == ["withoutNotice", "withoutNotice", "may not write"])
    }

    @Test func afterGoodbyeWeMayStillWrite() throws {
        let ends = Box<String>()
        let server = try LoopbackServer(context) { connection in
            guard connection.handshake() == nil, case .closed(.notified)? = connection.read().end else { return ends.put("no goodbye") }
            ends.put(connection.write(Array("late".utf8)).failure == nil ? "written" : "failed")
            connection.tls.shutdown()
        }
        // s_client sends close_notify when its input ends.
        let ran = run(
            ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", directory.authority, "-quiet", "-no_ign_eof"])
        #expect(ran.status == 0)
        #expect(try ends.first() == "written")
    }

    @Test func aResetIsASystemFailure() throws {
        let ends = Box<TLSRead>()
        let server = try LoopbackServer(context) { connection in
            guard connection.handshake() == nil else { return }
            if let end = connection.read().end { ends.put(end) }
        }
        _ = python(
            """
            import struct
            t = connect(context(V12))
            t.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            t.close()
            """, port: server.port, ca: directory.authority)
        guard case .failed(let failure) = try ends.first() else { return #expect(Bool(false), "not a failure") }
        #expect(failure.cause == .system)
        #expect(failure.number == ECONNRESET)
    }

    @Test func emptyBuffersAskNothingOfOpenSSL() throws {
        let wire = try Wire(context)
        guard case .bytes(0) = wire.tls.read(into: .init(start: nil, count: 0)),
            case .bytes(0) = wire.tls.write(.init(start: nil, count: 0))
        else { return #expect(Bool(false), "asked") }
    }
}
