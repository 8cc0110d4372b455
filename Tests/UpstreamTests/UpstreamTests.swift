import EventLoop
import Glibc
import Testing

@testable import Upstream

private let jsonHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n"
private let chunkedHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

/// What became of a call.
enum Ending: Equatable, Sendable {
    case answer(status: Int, body: String)
    case failure(UpstreamFailure)
}

@Suite struct UpstreamTests {
    @Test func aWholeAnswerArrives() async throws {
        let server = ScriptedServer([.send(jsonHead + "{}")])
        #expect(try await call(server) == .answer(status: 200, body: "{}"))
    }

    @Test func aChunkedAnswerArrivesInOrder() async throws {
        let server = ScriptedServer([.send(chunkedHead + "3\r\nabc\r\n"), .wait(milliseconds: 5), .send("3\r\ndef\r\n0\r\n\r\n")])
        #expect(try await call(server) == .answer(status: 200, body: "abcdef"))
    }

    @Test func theHeadTellsStatusTypeAndRetryAfter() async throws {
        let server = ScriptedServer([
            .send(
                "HTTP/1.1 429 Slow\r\ncontent-type: Application/JSON\r\nRetry-After: 7\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"
            )
        ])
        let head = try await withClient { client in try await client.send(UpstreamRequest(), to: endpoint(server)).head() }
        #expect(head.status == 429)
        #expect(head.contentType == "application/json")
        #expect(head.field("retry-after") == "7")
        #expect(head.field("retry-after-ms") == nil)
        #expect(head.field("date") == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test func connectionsAreReused() async throws {
        let server = ScriptedServer([.send(jsonHead + "{}")])
        let target = endpoint(server)
        try await withClient { client in
            for _ in 0..<20 {
                let transfer = try client.send(UpstreamRequest(body: .whole(Array("{}".utf8))), to: target)
                #expect(await finish(transfer) == .answer(status: 200, body: "{}"))
            }
            #expect(client.activeTransfers == 0)
        }
        #expect(server.requests == 20)
        #expect(server.accepted == 1)
    }

    /// The upstream may have done the work of a request that it has read: sent again, it would be paid for twice.
    @Test(arguments: [Act.close, .reset])
    func aRequestThatWasSentIsNotSentAgainByItself(end: Act) async throws {
        let server = ScriptedServer([.send(jsonHead + "{}"), .awaitRequest, end])
        let target = endpoint(server)
        let (ending, wasSent) = try await withClient { client in
            let first = try client.send(UpstreamRequest(body: .whole(Array("{}".utf8))), to: target)
            #expect(await finish(first) == .answer(status: 200, body: "{}"))
            let second = try client.send(UpstreamRequest(body: .whole(Array("{}".utf8))), to: target)
            return (await finish(second), second.wasSent)
        }
        guard case .failure(.cut) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(wasSent)
        #expect(server.requests == 2)
    }

    @Test func aConnectionThatWasClosedWhileItRestedIsReplaced() async throws {
        let server = ScriptedServer([.send(jsonHead + "{}"), .close])
        let target = endpoint(server)
        try await withClient { client in
            for _ in 0..<3 {
                let first = try client.send(UpstreamRequest(body: .whole(Array("{}".utf8))), to: target)
                #expect(await finish(first) == .answer(status: 200, body: "{}"))
                await client.loop.sleep(until: .now() + .milliseconds(20))
            }
        }
        #expect(server.accepted == 3)
    }

    /// The resolver of libcurl has sockets of its own, whose numbers the connection may get next.
    @Test func anUpstreamIsFoundByName() async throws {
        let server = ScriptedServer([.send(jsonHead + "{}")])
        let target = UpstreamEndpoint(url: "http://localhost:\(server.port)/", headers: ["Expect:"])
        try await withClient { client in
            for _ in 0..<3 {
                let transfer = try client.send(UpstreamRequest(body: .whole(Array("{}".utf8))), to: target)
                #expect(await finish(transfer) == .answer(status: 200, body: "{}"))
            }
        }
        #expect(server.accepted == 1)
    }

    @Test func whatWasNeverSentIsNotAccountedAsSent() async throws {
        let server = ScriptedServer([.awaitClose])
        let target = endpoint(server, UpstreamTimeouts(firstByte: .milliseconds(30)))
        let sent = try await withClient { client in
            let refused = try client.send(UpstreamRequest(), to: UpstreamEndpoint(url: "http://127.0.0.1:1/", headers: []))
            _ = await finish(refused)
            let silent = try client.send(UpstreamRequest(), to: target)
            _ = await finish(silent)
            return [refused.wasSent, silent.wasSent]
        }
        #expect(sent == [false, true])
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let server = ScriptedServer([.send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")])
        #expect(try await call(server) == .answer(status: 302, body: ""))
    }

    @Test func aRefusedConnectionIsUnreachable() async throws {
        let ending = try await withClient { client in
            await finish(try client.send(UpstreamRequest(), to: UpstreamEndpoint(url: "http://127.0.0.1:1/", headers: [])))
        }
        guard case .failure(.unreachable) = ending else {
            Issue.record("\(ending)")
            return
        }
    }

    @Test(arguments: [
        [Act.close], [.reset], [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), .close],
        [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), .wait(milliseconds: 20), .reset],
        [.send(chunkedHead + "5\r\nab"), .close], [.send(chunkedHead + "3\r\nabc\r\n"), .wait(milliseconds: 20), .reset],
        [.send(chunkedHead + "zz\r\nabc\r\n"), .close],
    ])
    func aBrokenConnectionIsNeverAnAnswer(script: [Act]) async throws {
        guard case .failure(.cut) = try await call(ScriptedServer(script)) else {
            Issue.record("\(script)")
            return
        }
    }

    @Test func whatIsNotHTTPIsMalformed() async throws {
        let ending = try await call(ScriptedServer([.send("SSH-2.0-OpenSSH_9.2\r\n"), .close]))
        guard case .failure(.malformed) = ending else {
            Issue.record("\(ending)")
            return
        }
    }

    @Test func everyTimeoutHasItsName() async throws {
        let short = UpstreamTimeouts(connect: .milliseconds(50), firstByte: .milliseconds(50), idle: .milliseconds(50), total: .seconds(10))
        #expect(try await call(ScriptedServer([.awaitClose]), short) == .failure(.firstByteTimeout))
        #expect(try await call(ScriptedServer([.send(chunkedHead + "3\r\nabc\r\n"), .awaitClose]), short) == .failure(.idleTimeout))
        let drip = [Act](repeating: .send("1\r\nx\r\n"), count: 200).flatMap { [$0, .wait(milliseconds: 10)] }
        let total = UpstreamTimeouts(total: .milliseconds(150))
        #expect(try await call(ScriptedServer([.send(chunkedHead)] + drip), total) == .failure(.totalTimeout))
    }

    @Test func theCallersTimeoutCounts() async throws {
        let server = ScriptedServer([.awaitClose])
        let ending = try await withClient { client in
            await finish(
                try client.send(UpstreamRequest(deadlines: UpstreamDeadlines(caller: .now() + .milliseconds(40))), to: endpoint(server)))
        }
        #expect(ending == .failure(.callerTimeout))
    }

    @Test func theProvidersEarlierDeadline_isItsTotal() async throws {
        let server = ScriptedServer([.awaitClose])
        let deadline = MonotonicTime.now() + .milliseconds(40)
        let ending = try await withClient { client in
            await finish(
                try client.send(
                    UpstreamRequest(deadlines: UpstreamDeadlines(caller: deadline + .seconds(5), provider: deadline)), to: endpoint(server))
            )
        }
        #expect(ending == .failure(.totalTimeout))
    }

    @Test func aConsumerThatDoesNotRead_isToldApartFromASlowUpstream() async throws {
        let size = 20_000_000
        let server = ScriptedServer([.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .sendBytes(size)])
        let slow = ScriptedServer([.send(chunkedHead + "3\r\nabc\r\n"), .awaitClose])
        let short = UpstreamTimeouts(total: .milliseconds(300))
        try await withClient { client in
            let unread = try client.send(UpstreamRequest(), to: endpoint(server, short))
            _ = try await unread.head()
            let hanging = try client.send(UpstreamRequest(), to: endpoint(slow, short))
            #expect(await finish(hanging) == .failure(.totalTimeout))
            #expect(!hanging.waitedForConsumer)
            for _ in 0..<50 { await nap(client.loop) }
            #expect(unread.waitedForConsumer)
            guard case .failure(.totalTimeout) = await finish(unread) else { return #expect(Bool(false), "it ended otherwise") }
        }
    }

    @Test func endlessHeadsAndBodiesAreCut() async throws {
        var limits = UpstreamLimits()
        limits.headBytes = 4096
        limits.bodyBytes = 100_000
        let lines = [Act](repeating: .send("x-more: " + String(repeating: "y", count: 1000) + "\r\n"), count: 64)
        #expect(try await call(ScriptedServer([.send("HTTP/1.1 200 OK\r\n")] + lines), limits: limits) == .failure(.tooLarge("headBytes")))
        let endless = ScriptedServer([.send("HTTP/1.1 200 OK\r\n\r\n"), .sendBytes(50_000_000)])
        #expect(try await call(endless, limits: limits) == .failure(.tooLarge("bodyBytes")))
    }

    @Test func cancellingClosesTheConnection() async throws {
        let server = ScriptedServer([.send(chunkedHead + "3\r\nabc\r\n"), .awaitClose])
        let target = endpoint(server)
        try await withClient { client in
            let transfer = try client.send(UpstreamRequest(), to: target)
            var bytes: [UInt8] = []
            #expect(try await transfer.nextBytes(&bytes))
            transfer.cancel()
            transfer.cancel()
            #expect(await finish(transfer) == .failure(.canceled))
            #expect(client.activeTransfers == 0)
        }
        while server.peerCloses == 0 { usleep(1_000) }
    }

    @Test func cancellingTheTaskCancelsTheTransfer() async throws {
        let server = ScriptedServer([.awaitClose])
        let target = endpoint(server)
        let ending: Ending = try await onLoop { loop in
            let client = UpstreamClient(loop: loop)
            let result = LoopBound<Ending?>(nil)
            let task = loop.spawn {
                guard let transfer = try? client.send(UpstreamRequest(), to: target) else { return }
                result.value = await finish(transfer)
            }
            while server.requests == 0 { await nap(loop) }
            task.cancel()
            await task.value
            return result.value ?? .answer(status: 0, body: "none")
        }
        #expect(ending == .failure(.canceled))
    }

    @Test func aSlowConsumerPausesTheUpstream() async throws {
        let size = 20_000_000
        let server = ScriptedServer([.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .sendBytes(size)])
        let target = endpoint(server)
        try await withClient { client in
            let transfer = try client.send(UpstreamRequest(), to: target)
            _ = try await transfer.head()
            for _ in 0..<50 { await nap(client.loop) }
            var largest = 0
            var total = 0
            var bytes: [UInt8] = []
            while try await transfer.nextBytes(&bytes) {
                largest = max(largest, bytes.count)
                total += bytes.count
            }
            #expect(total == size)
            #expect(largest <= 64 * 1024 + 16 * 1024)
        }
    }

    @Test func aReleasedStreamLeavesItsConnectionUsable() async throws {
        let server = ScriptedServer([.send(chunkedHead + "3\r\nabc\r\n"), .wait(milliseconds: 20), .send("0\r\n\r\n")])
        let target = endpoint(server)
        try await withClient { client in
            for _ in 0..<3 {
                let transfer = try client.send(UpstreamRequest(), to: target)
                var bytes: [UInt8] = []
                #expect(try await transfer.nextBytes(&bytes))
                transfer.release()
                while client.activeTransfers > 0 { await nap(client.loop) }
            }
        }
        #expect(server.accepted == 1)
    }

    @Test func hundredsOfCallsAtOnceLeakNothing() async throws {
        let server = ScriptedServer([.send(jsonHead + "{}")])
        let target = endpoint(server)
        let good = try await onLoop { loop in
            let client = UpstreamClient(loop: loop)
            let good = LoopBound(0)
            let tasks = (0..<300).map { _ in
                loop.spawn {
                    guard let transfer = try? client.send(UpstreamRequest(body: .whole(Array("{}".utf8))), to: target) else { return }
                    if await finish(transfer) == .answer(status: 200, body: "{}") { good.value += 1 }
                }
            }
            for task in tasks { await task.value }
            return client.activeTransfers == 0 ? good.value : -1
        }
        #expect(good == 300)
    }
}

// MARK: - Helpers

private func endpoint(
    _ server: ScriptedServer, _ timeouts: UpstreamTimeouts = UpstreamTimeouts(), limits: UpstreamLimits = UpstreamLimits()
) -> UpstreamEndpoint {
    UpstreamEndpoint(url: "http://127.0.0.1:\(server.port)/v1/chat/completions", headers: ["Expect:"], timeouts: timeouts, limits: limits)
}

private func call(
    _ server: ScriptedServer, _ timeouts: UpstreamTimeouts = UpstreamTimeouts(), limits: UpstreamLimits = UpstreamLimits()
) async throws -> Ending {
    defer { server.stop() }
    return try await withClient { client in
        await finish(try client.send(UpstreamRequest(body: .whole(Array("{}".utf8))), to: endpoint(server, timeouts, limits: limits)))
    }
}

func finish(_ transfer: UpstreamTransfer) async -> Ending {
    do throws(UpstreamFailure) {
        let head = try await transfer.head()
        var body: [UInt8] = []
        var bytes: [UInt8] = []
        while try await transfer.nextBytes(&bytes) { body += bytes }
        return .answer(status: head.status, body: String(decoding: body, as: UTF8.self))
    } catch {
        return .failure(error)
    }
}

func withClient<R: Sendable>(_ body: @escaping @Sendable (UpstreamClient) async throws -> R) async throws -> R {
    try await onLoop { loop in try await body(UpstreamClient(loop: loop)) }
}

/// Runs `body` as a task of a loop with a thread of its own and waits for it.
func onLoop<R: Sendable>(_ body: @escaping @Sendable (EventLoop) async throws -> R) async throws -> R {
    let group = try LoopGroup(count: 1)
    let loop = group.loops[0]
    let result: Result<R, any Error> = await withUnsafeContinuation { continuation in
        loop.spawn {
            do { continuation.resume(returning: .success(try await body(loop))) } catch { continuation.resume(returning: .failure(error)) }
        }
    }
    group.stopAndWait()
    return try result.get()
}

/// Suspends for a millisecond, in which the loop goes on.
private func nap(_ loop: EventLoop) async {
    await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
        let timer = LoopTimer(on: loop) { done.resume() }
        timer.set(loop.now + .milliseconds(1))
    }
}

/// A value that only the loop's thread touches.
private final class LoopBound<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}
