import EventLoop
import Glibc
import Testing

@testable import Upstream

/// Moves at most `most` bytes out of `upload`; `nil` when there are none yet.
private func taken(_ upload: UpstreamUpload, _ most: Int) -> String? {
    withUnsafeTemporaryAllocation(byteCount: most, alignment: 1) { memory in
        upload.read(into: memory).map { String(decoding: memory.prefix($0), as: UTF8.self) }
    }
}

@Suite struct UpstreamUploadTests {
    @Test func piecesComeOutInOrderAndThenTheEnd() async throws {
        let read = try await onLoop { loop in
            let upload = UpstreamUpload(on: loop)
            var read: [String?] = [taken(upload, 4)]
            upload.write(Array("hello".utf8))
            read += [taken(upload, 4), taken(upload, 4), taken(upload, 4)]
            upload.write(Array("!".utf8))
            upload.end()
            upload.write(Array("too late".utf8))
            read += [taken(upload, 4), taken(upload, 4)]
            return read
        }
        #expect(read == [nil, "hell", "o", nil, "!", ""])
    }

    @Test func libcurlIsToldOnceThatThereIsMore() async throws {
        let told = try await onLoop { loop in
            let upload = UpstreamUpload(on: loop)
            let told = Counter()
            upload.resume = { told.value += 1 }
            upload.write([1])
            _ = taken(upload, 4)
            _ = taken(upload, 4)
            upload.write([2])
            upload.write([3])
            let once = told.value
            _ = taken(upload, 4)
            _ = taken(upload, 4)
            upload.end()
            return [once, told.value]
        }
        #expect(told == [1, 2])
    }

    @Test func whoeverWritesWaitsForTheUpstream() async throws {
        let log = try await onLoop { loop in
            let upload = UpstreamUpload(on: loop)
            let isReady = Counter()
            upload.write([UInt8](repeating: 1, count: 100_000))
            let task = loop.spawn { isReady.value = await upload.readyForMore() ? 1 : -1 }
            for _ in 0..<5 { await Task.yield() }
            let before = isReady.value
            _ = taken(upload, 50_000)
            await task.value
            let after = isReady.value
            upload.write([UInt8](repeating: 1, count: 100_000))
            let last = loop.spawn { isReady.value = await upload.readyForMore() ? 1 : -1 }
            for _ in 0..<5 { await Task.yield() }
            upload.close()
            await last.value
            return [before, after, isReady.value]
        }
        #expect(log == [0, 1, -1])
    }

    @Test(arguments: [nil, 300_000])
    func aBodyGoesUpWhileItIsWritten(length: Int?) async throws {
        let server = ScriptedServer([.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")])
        defer { server.stop() }
        let endpoint = UpstreamEndpoint(url: "http://127.0.0.1:\(server.port)", headers: ["Expect:"])
        let ending = try await onLoop { loop in
            let client = UpstreamClient(loop: loop)
            let upload = UpstreamUpload(length: length, on: loop)
            let transfer = try client.send(UpstreamRequest(.put, body: .pieces(upload)), to: endpoint)
            for _ in 0..<30 {
                upload.write([UInt8](repeating: 97, count: 10_000))
                await loop.sleep(until: .now() + .milliseconds(1))
                guard await upload.readyForMore() else { break }
            }
            upload.end()
            return await finish(transfer)
        }
        #expect(ending == .answer(status: 200, body: "{}"))
        let head = server.heads.first?.lowercased() ?? ""
        #expect(head.hasPrefix("put / http/1.1"))
        #expect(head.contains(length == nil ? "transfer-encoding: chunked" : "content-length: 300000"))
        #expect(server.bodyBytes == 300_000)
    }

    /// Both ways at once: what comes down while the body still goes up is not held back by it.
    @Test func anAnswerMayBeginBeforeTheBodyEnds() async throws {
        let server = ScriptedServer([.send("2\r\nok\r\n0\r\n\r\n")], greeting: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        defer { server.stop() }
        let endpoint = UpstreamEndpoint(url: "http://127.0.0.1:\(server.port)", headers: ["Expect:"])
        let (status, ending) = try await onLoop { loop in
            let client = UpstreamClient(loop: loop)
            let upload = UpstreamUpload(on: loop)
            let transfer = try client.send(UpstreamRequest(body: .pieces(upload)), to: endpoint)
            upload.write(Array("first".utf8))
            let status = try await transfer.head().status
            upload.write(Array("last".utf8))
            upload.end()
            return (status, await finish(transfer))
        }
        #expect(status == 200)
        #expect(ending == .answer(status: 200, body: "ok"))
        #expect(server.bodyBytes == 9)
    }

    @Test func aCallThatEndsLetsItsWriterGo() async throws {
        let server = ScriptedServer([.close])
        defer { server.stop() }
        let endpoint = UpstreamEndpoint(
            url: "http://127.0.0.1:\(server.port)", headers: ["Expect:"],
            timeouts: UpstreamTimeouts(firstByte: .milliseconds(50), total: .milliseconds(100)))
        let (isReady, ending) = try await onLoop { loop in
            let client = UpstreamClient(loop: loop)
            let upload = UpstreamUpload(on: loop)
            let transfer = try client.send(UpstreamRequest(body: .pieces(upload)), to: endpoint)
            upload.write(Array("begun and never ended".utf8))
            let ending = await finish(transfer)
            return (await upload.readyForMore(), ending)
        }
        #expect(!isReady)
        #expect(ending == .failure(.totalTimeout) || ending == .failure(.firstByteTimeout))
    }

    @Test func aBodyInPiecesIsNotSigned() async throws {
        let credentials = AWSCredentials(region: "r", service: "s", accessKey: "AK", secretKey: "SK", sessionToken: nil)
        let endpoint = UpstreamEndpoint(url: "http://127.0.0.1:1", headers: [], credentials: credentials)
        try await onLoop { loop in
            let client = UpstreamClient(loop: loop)
            #expect(throws: UpstreamFailure.self) {
                _ = try client.send(UpstreamRequest(body: .pieces(UpstreamUpload(on: loop))), to: endpoint)
            }
        }
    }
}

/// A number that only the loop's thread touches.
private final class Counter: @unchecked Sendable {
    var value = 0
}
