import Testing

@testable import Upstream

@Suite struct UpstreamRequestTests {
    struct Case: Sendable {
        let method: UpstreamMethod
        var body = ""
        /// What the upstream reads: its first line, and the length it is told of.
        let line: String
        let length: String?
    }

    static let cases = [
        Case(method: .get, line: "GET /x HTTP/1.1", length: nil),
        Case(method: .post, body: "{}", line: "POST /x HTTP/1.1", length: "2"),
        Case(method: .head, body: "{}", line: "HEAD /x HTTP/1.1", length: nil),
        Case(method: .post, line: "POST /x HTTP/1.1", length: "0"),
        Case(method: .delete, line: "DELETE /x HTTP/1.1", length: nil),
        Case(method: .put, body: "abc", line: "PUT /x HTTP/1.1", length: "3"),
        Case(method: .get, body: "q", line: "GET /x HTTP/1.1", length: "1"),
        Case(method: .patch, line: "PATCH /x HTTP/1.1", length: "0"),
        Case(method: .options, line: "OPTIONS /x HTTP/1.1", length: nil),
        Case(method: .get, line: "GET /x HTTP/1.1", length: nil),
    ]

    /// One handle serves them all: nothing of a method may be left for the next.
    @Test func everyMethodGoesOutAsItself() async throws {
        let server = ScriptedServer([.send("HTTP/1.1 204 No Content\r\nx-seen: yes\r\n\r\n")])
        defer { server.stop() }
        let endpoint = UpstreamEndpoint(url: "http://127.0.0.1:\(server.port)", headers: ["Expect:"])
        try await withClient { client in
            for one in Self.cases {
                let request = UpstreamRequest(one.method, path: "/x", body: .whole(Array(one.body.utf8)))
                let transfer = try client.send(request, to: endpoint)
                #expect(await finish(transfer) == .answer(status: 204, body: ""))
                #expect(transfer.status == 204)
            }
        }
        let seen = server.heads.map { head in
            let lines = head.split(separator: "\r\n").map(String.init)
            let length = lines.first { $0.lowercased().hasPrefix("content-length: ") }.map { String($0.dropFirst(16)) }
            return "\(lines.first ?? "") \(length ?? "-")"
        }
        #expect(seen == Self.cases.map { "\($0.line) \($0.length ?? "-")" })
        #expect(server.accepted == 1)
    }

    @Test func anAnswerToHEADHasNoBodyWhateverItsLength() async throws {
        let server = ScriptedServer([.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")])
        defer { server.stop() }
        let endpoint = UpstreamEndpoint(url: "http://127.0.0.1:\(server.port)", headers: [])
        let ending = try await withClient { client in await finish(try client.send(UpstreamRequest(.head), to: endpoint)) }
        #expect(ending == .answer(status: 200, body: ""))
    }

    @Test func anotherMethodIsSignedDifferently() {
        let credentials = AWSCredentials(region: "r", service: "s", accessKey: "AK", secretKey: "SK", sessionToken: nil)
        let endpoint = UpstreamEndpoint(url: "http://h/", headers: [], credentials: credentials)
        let lines = [UpstreamMethod.post, .get].map { method in
            [UInt8]().withUnsafeBytes { AWSSignature(endpoint)?.headers(method, target: "/", body: $0, time: 0).joined() }
        }
        #expect(lines[0] != nil && lines[0] != lines[1])
    }
}

@Suite struct UpstreamHeadTests {
    private func head(_ lines: [String], in buffer: [UInt8] = []) -> UpstreamHead {
        var head = UpstreamHead(in: buffer)
        for line in lines { Array((line + "\r\n").utf8).withUnsafeBytes { HeaderLine($0).update(&head) } }
        return head
    }

    @Test(
        arguments: [
            ("x-a", "1"), ("x-b", "two words"), ("x-empty", ""), ("x-ab", "3"), ("x-twice", "last"), ("x-c", nil), ("x", nil),
            ("content-type", "Text/Event-Stream; charset=utf-8"), ("x-other", "\u{FFFD}"),
        ] as [(String, String?)])
    func fieldsAreFoundByName(_ name: String, _ value: String?) {
        let lines = [
            "HTTP/1.1 200 OK", "X-A: 1", "x-B:\t two words \t", "X-Empty:", "Content-Type: Text/Event-Stream; charset=utf-8", "x-ab: 3",
            "x-twice: first", "X-Twice: last",
        ]
        var head = head(lines)
        (Array("x-other: ".utf8) + [0xFF, 13, 10]).withUnsafeBytes { HeaderLine($0).update(&head) }
        let found: String? =
            switch name {
            case "x-a": head.field("x-a")
            case "x-b": head.field("x-b")
            case "x-empty": head.field("x-empty")
            case "x-ab": head.field("x-ab")
            case "x-twice": head.field("x-twice")
            case "x-c": head.field("x-c")
            case "x": head.field("x")
            case "content-type": head.field("content-type")
            default: head.field("x-other")
            }
        #expect(found == value)
        #expect(head.contentType == "text/event-stream")
        #expect(head.status == 200)
    }

    @Test func anInterimHeadLeavesNothingBehind() {
        let head = head(["HTTP/1.1 103 Early Hints", "link: x", "Content-Type: a/b", "", "HTTP/1.1 200 OK", "x-a: 1", ""], in: [1, 2, 3])
        #expect(head.status == 200)
        #expect(head.field("link") == nil)
        #expect(head.field("x-a") == "1")
        #expect(head.contentType.isEmpty)
    }

    /// A body that is like a head, and a status line that is none, must not become one.
    @Test(arguments: ["HTTP/1.1", "HTTP/1.1 abc", "HTTP/1.1 99999 x"])
    func aStatusLineIsReadAsFarAsItGoes(_ line: String) {
        let status = head([line]).status
        #expect(status == 0 || status == 9_999)
    }
}
