import EventLoop
import Glibc
import Synchronization
import Testing

@testable import HTTPServer

private func get(_ path: String, _ fields: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n" }

/// The head of an answer without its date, which changes.
private func undated(_ text: String) -> String {
    text.split(separator: "\r\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("date: ") }.joined(separator: "\r\n")
}

private let echoPath: ServerUnderTest.Answer = { exchange, _ in exchange.respond(200, body: Array(exchange.head.path)) { _ in } }

/// Answers with the body, or with the status of what is wrong with it.
private let echoBody: ServerUnderTest.Answer = { exchange, _ in
    do throws(HTTPViolation) {
        let body = try await exchange.body()
        exchange.respond(200, body: body) { _ in }
    } catch {
        exchange.respond(error.status, body: []) { _ in }
    }
}

/// Channel and session together, on real sockets.
@Suite struct ServerTests {
    private func serving(
        _ timeouts: HTTPTimeouts = HTTPTimeouts(), maxConnections: Int = 100, answer: @escaping ServerUnderTest.Answer,
        _ body: (ServerUnderTest) throws -> Void
    ) throws {
        let server = try ServerUnderTest(timeouts, maxConnections: maxConnections, answer)
        defer { server.stop() }
        try body(server)
    }

    // MARK: Requests

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        try serving(answer: echoPath) { server in
            let client = BareClient(server.port)
            client.send(get("/1") + get("/2") + get("/3", "Connection: close\r\n"))
            let answers = undated(client.receiveAll() ?? "")
            #expect(
                answers == "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/1HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/2"
                    + "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n/3")
        }
    }

    @Test func aClientThatHasSentEverythingGetsItsAnswer() throws {
        try serving(answer: { exchange, loop in
            await loop.sleep(until: .now() + .milliseconds(30))
            exchange.respond(200, body: Array("late".utf8)) { _ in }
        }) { server in
            let client = BareClient(server.port)
            client.send(get("/"))
            client.finishSending()
            #expect(client.receiveAll()?.hasSuffix("\r\n\r\nlate") == true)
            #expect(eventually { server.connectionCount == 0 })
        }
    }

    @Test(arguments: [
        ("Content-Length: 5\r\n\r\nhello", "hello"), ("Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello"),
        // "hello" as gzip packs it.
        (
            "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
            "hello"
        ),
    ])
    func bodiesAreReadAndTheConnectionGoesOn(_ rest: String, _ body: String) throws {
        let packed: [UInt8] = [
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0,
        ]
        try serving(answer: echoBody) { server in
            let client = BareClient(server.port)
            for _ in 0..<2 {
                client.send("POST / HTTP/1.1\r\nHost: h\r\n")
                let bytes = Array(rest.utf8)
                for piece in [bytes.prefix(20), bytes.dropFirst(20)] { client.send(Array(piece)) }
                if rest.contains("gzip") { client.send(Array("19\r\n".utf8) + packed + Array("\r\n0\r\n\r\n".utf8)) }
                #expect(client.receive(until: body).hasSuffix("content-length: 5\r\n\r\n" + body))
            }
        }
    }

    @Test func whoWaitsForItIsToldToContinue() throws {
        try serving(answer: echoBody) { server in
            let client = BareClient(server.port)
            client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(client.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            client.send("ok")
            #expect(client.receive(until: "ok").hasSuffix("\r\n\r\nok"))
        }
    }

    /// The answer must not be lost to the reset that a socket with unread bytes sends when it is closed.
    @Test func aRefusalArrivesThoughTheClientIsStillSending() throws {
        try serving(answer: { exchange, _ in exchange.respond(401, body: Array("no".utf8)) { _ in } }) { server in
            let client = BareClient(server.port)
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n")
            for _ in 0..<9 {
                client.send([UInt8](repeating: 97, count: 100_000))
                usleep(2_000)
            }
            client.finishSending()
            #expect(client.receiveAll()?.hasSuffix("connection: close\r\n\r\nno") == true)
        }
    }

    @Test func aRefusalOfASmallBodyKeepsTheConnection() throws {
        try serving(answer: { exchange, _ in
            exchange.dropArrivedBody()
            exchange.respond(401, body: Array("no".utf8)) { _ in }
        }) { server in
            let client = BareClient(server.port)
            for _ in 0..<2 {
                client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
                #expect(!client.receive(until: "no").contains("connection: close"))
            }
        }
    }

    @Test func whatIsNoRequestIsRefused() throws {
        try serving(answer: echoPath) { server in
            let client = BareClient(server.port)
            client.send("SSH-2.0-x\r\n" + get("/smuggled"))
            let answer = client.receiveAll() ?? ""
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.hasSuffix("x-refused: 400\r\n\r\nrefused"))
        }
    }

    // MARK: Answers

    /// The first event leaves together with the head: one system call and one wake-up of the client.
    @Test func whatIsWrittenInOneRoundLeavesInOnePiece() throws {
        try serving(answer: { exchange, loop in
            exchange.begin(200) { $0.contentType = "text/plain" }
            exchange.write(Array("first".utf8))
            await loop.sleep(until: .now() + .milliseconds(50))
            exchange.write(Array("second".utf8))
            exchange.end()
        }) { server in
            let client = BareClient(server.port)
            client.send(get("/"))
            #expect(client.receive()?.hasSuffix("transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n") == true)
            #expect(client.receive() == "6\r\nsecond\r\n0\r\n\r\n")
        }
    }

    @Test func aSlowReaderHoldsItsSourceBackAndLosesNothing() throws {
        let written = Atomic(0)
        let pieces = 400
        try serving(answer: { exchange, _ in
            exchange.begin(200) { _ in }
            for _ in 0..<pieces {
                exchange.write([UInt8](repeating: 98, count: 50_000))
                written.add(1, ordering: .relaxed)
                guard await exchange.readyForMore() else { return }
            }
            exchange.end()
        }) { server in
            let client = BareClient(server.port, receiveBuffer: 64 * 1024)
            client.send(get("/", "Connection: close\r\n"))
            usleep(300_000)
            let early = written.load(ordering: .relaxed)
            #expect(early > 0 && early < pieces)
            var count = 0
            while let piece = client.receive(), !piece.isEmpty { count += piece.utf8.count { $0 == 98 } }
            #expect(count == pieces * 50_000)
        }
    }

    @Test func aClientThatNeverReadsIsLetGo() throws {
        var timeouts = HTTPTimeouts()
        timeouts.write = .milliseconds(150)
        let isGone = Atomic(false)
        try serving(
            timeouts,
            answer: { exchange, _ in
                exchange.begin(200) { _ in }
                repeat { exchange.write([UInt8](repeating: 98, count: 100_000)) } while await exchange.readyForMore()
                isGone.store(exchange.clientIsGone, ordering: .relaxed)
            }
        ) { server in
            let client = BareClient(server.port, receiveBuffer: 16 * 1024)
            client.send(get("/"))
            #expect(eventually { server.connectionCount == 0 })
            let wasToldSo = isGone.load(ordering: .relaxed)
            #expect(wasToldSo)
            withExtendedLifetime(client) {}
        }
    }

    @Test func aClientThatLeavesCancelsItsRequest() throws {
        let wasCancelled = Atomic(false)
        try serving(answer: { exchange, loop in
            exchange.begin(200) { _ in }
            exchange.write(Array("x".utf8))
            await loop.sleep(until: .now() + .seconds(60))
            wasCancelled.store(Task.isCancelled && exchange.clientIsGone, ordering: .relaxed)
            exchange.write(Array("to nobody".utf8))
        }) { server in
            let client = BareClient(server.port)
            client.send(get("/"))
            _ = client.receive()
            client.reset()
            #expect(eventually { wasCancelled.load(ordering: .relaxed) && server.connectionCount == 0 })
        }
    }

    @Test func aQuietStreamShowsThatItLives() throws {
        try serving(answer: { exchange, loop in
            exchange.begin(200) { _ in }
            exchange.whenQuiet(for: .milliseconds(20)) { exchange.write(Array("alive".utf8)) }
            await loop.sleep(until: .now() + .milliseconds(90))
            exchange.end()
        }) { server in
            let client = BareClient(server.port)
            client.send(get("/"))
            let signs = client.receive(until: "0\r\n\r\n").split(separator: "\r\n").count { $0 == "alive" }
            #expect((1...4).contains(signs))
        }
    }

    /// Whoever keeps an exchange must not write into the answer of the next request.
    @Test func anExchangeThatIsOverWritesNothing() throws {
        let first = Mutex<Kept?>(nil)
        try serving(answer: { exchange, _ in
            exchange.begin(200) { _ in }
            if let old = first.withLock({ $0 }) {
                old.exchange.write(Array("stale".utf8))
                old.exchange.end()
                old.exchange.respond(500, body: []) { _ in }
            } else {
                first.withLock { $0 = Kept(exchange: exchange) }
            }
            exchange.write(Array("own".utf8))
            exchange.end()
        }) { server in
            let client = BareClient(server.port)
            for _ in 0..<2 {
                client.send(get("/"))
                #expect(client.receive(until: "0\r\n\r\n").hasSuffix("\r\n\r\n3\r\nown\r\n0\r\n\r\n"))
            }
            first.withLock { $0 = nil }
        }
    }

    private struct Kept: @unchecked Sendable { let exchange: HTTPExchange }

    // MARK: Time and number

    @Test(arguments: [("", ""), ("GET / HT", "408"), ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf", "408")])
    func aClientThatStopsIsNotWaitedForForEver(_ sent: String, _ status: String) throws {
        var timeouts = HTTPTimeouts()
        (timeouts.head, timeouts.bodyIdle, timeouts.linger) = (.milliseconds(80), .milliseconds(80), .milliseconds(80))
        try serving(timeouts, answer: echoBody) { server in
            let client = BareClient(server.port)
            client.send(sent)
            let answer = client.receiveAll()
            #expect(answer?.split(separator: " ").dropFirst().first ?? "" == status)
            #expect(eventually { server.connectionCount == 0 })
        }
    }

    @Test func anIdleConnectionEndsWithoutAWord() throws {
        var timeouts = HTTPTimeouts()
        timeouts.keepAlive = .milliseconds(80)
        try serving(timeouts, answer: echoPath) { server in
            let client = BareClient(server.port)
            client.send(get("/a"))
            #expect(client.receiveAll()?.hasSuffix("\r\n\r\n/a") == true)
        }
    }

    @Test func connectionsBeyondTheLimitAreTurnedAway() throws {
        try serving(maxConnections: 1, answer: echoPath) { server in
            let first = BareClient(server.port)
            first.send(get("/a"))
            _ = first.receive(until: "/a")
            let second = BareClient(server.port)
            second.send(get("/b"))
            #expect(second.receive() ?? "" == "")
            #expect(server.turnedAwayCount == 1)
        }
    }

    // MARK: Endings

    @Test func drainingLetsRequestsFinishAndNothingElse() throws {
        let isOpen = Atomic(false)
        let isDone = Atomic(false)
        try serving(answer: { exchange, loop in
            while !isOpen.load(ordering: .relaxed), exchange.head.pathEquals("/busy") { await loop.sleep(until: .now() + .milliseconds(5)) }
            exchange.respond(200, body: Array("done".utf8)) { _ in }
        }) { server in
            let (idle, busy) = (BareClient(server.port), BareClient(server.port))
            idle.send(get("/idle"))
            _ = idle.receive(until: "done")
            busy.send(get("/busy"))
            #expect(eventually { server.connectionCount == 2 })
            server.onServer { $0.drain { isDone.store(true, ordering: .relaxed) } }
            #expect(idle.receiveAll() == "")
            let isDoneEarly = isDone.load(ordering: .relaxed)
            #expect(!isDoneEarly)
            isOpen.store(true, ordering: .relaxed)
            #expect(busy.receiveAll()?.hasSuffix("connection: close\r\n\r\ndone") == true)
            #expect(eventually { isDone.load(ordering: .relaxed) })
        }
    }

    @Test func savingMemoryEndsWhatIsKept() throws {
        try serving(answer: echoPath) { server in
            let client = BareClient(server.port)
            client.send(get("/a"))
            _ = client.receive(until: "/a")
            server.onServer { $0.saveMemory(true) }
            #expect(client.receiveAll() == "")
            let next = BareClient(server.port)
            next.send(get("/b"))
            #expect(next.receiveAll()?.hasSuffix("connection: close\r\n\r\n/b") == true)
        }
    }
}
