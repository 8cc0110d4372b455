import Testing

@testable import Upstream

private let answer = Act.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

/// What one call sent.
private struct Head: Equatable {
    let target: Substring
    let fields: [Substring]

    init(_ text: String) {
        let lines = text.split(separator: "\r\n")
        target = lines.first?.split(separator: " ").dropFirst().first ?? ""
        fields = lines.dropFirst().filter {
            $0.hasPrefix("x-") || $0.hasPrefix("X-") || $0.hasPrefix("Authorization") || $0.hasPrefix("Host")
        }
    }
}

@Suite struct CallTargetTests {
    /// Sends one call after another on the same endpoint and returns what arrived.
    private func send(
        _ calls: [(path: String, headers: [String])], base: String = "", credentials: AWSCredentials? = nil
    ) async throws -> (heads: [Head], connections: Int) {
        let server = ScriptedServer([answer])
        defer { server.stop() }
        let endpoint = UpstreamEndpoint(
            url: "http://127.0.0.1:\(server.port)\(base)", headers: ["Content-Type: application/json", "Expect:", "x-own: 1"],
            credentials: credentials)
        try await withClient { client in
            for call in calls {
                let transfer = try client.send(
                    UpstreamRequest(path: call.path, headers: call.headers, body: .whole(Array("{}".utf8))), to: endpoint)
                #expect(await finish(transfer) == .answer(status: 200, body: "{}"))
            }
        }
        return (server.heads.map(Head.init), server.accepted)
    }

    @Test func eachCallGoesToItsOwnPath() async throws {
        let paths = ["/v1/a", "/v1/a", "/v1/b?api-version=2025-04-01", "", "/v1/a"]
        let (heads, connections) = try await send(paths.map { ($0, []) }, base: "/base")
        #expect(heads.map(\.target) == paths.map { Substring("/base" + $0) })
        #expect(connections == 1)
    }

    @Test func escapesAndDotsStayAsTheyAre() async throws {
        let paths = ["/model/arn%3Aaws%3Ax%2Fy/converse", "/model/v2:0/converse", "/model/../converse", "/model/%2e%2e/x"]
        #expect(try await send(paths.map { ($0, []) }).heads.map(\.target) == paths.map { Substring($0) })
    }

    @Test func headersBelongToTheirCall() async throws {
        let heads = try await send([("/", ["x-a: 1", "x-b: 2"]), ("/", []), ("/", ["x-a: 3"]), ("/", ["x-a: 3"])]).heads
        let own = heads.map { $0.fields.filter { !$0.hasPrefix("Host") } }
        #expect(own == [["x-own: 1", "x-a: 1", "x-b: 2"], ["x-own: 1"], ["x-own: 1", "x-a: 3"], ["x-own: 1", "x-a: 3"]])
    }

    @Test func aMalformedPathIsNoCall() async throws {
        try await withClient { client in
            let endpoint = UpstreamEndpoint(url: "http://127.0.0.1:1", headers: [])
            #expect(throws: UpstreamFailure.unreachable("the URL of the call is malformed")) {
                _ = try client.send(UpstreamRequest(path: ":99999999/"), to: endpoint)
            }
            #expect(client.activeTransfers == 0)
        }
    }

    @Test func everyCallIsSignedAnew() async throws {
        let credentials = AWSCredentials(region: "r", service: "s", accessKey: "AK", secretKey: "SK", sessionToken: "TOKEN")
        let heads = try await send([("/a", ["x-call: 1"]), ("/b", [])], credentials: credentials).heads
        #expect(heads.map { $0.fields.filter { $0.hasPrefix("x-") } } == [["x-own: 1", "x-call: 1"], ["x-own: 1"]])
        for head in heads {
            #expect(head.fields.contains("X-Amz-Security-Token: TOKEN"))
            let authorization = try #require(head.fields.first { $0.hasPrefix("Authorization: AWS4-HMAC-SHA256 Credential=AK/") })
            #expect(
                authorization.contains("/r/s/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="))
        }
        #expect(heads[0].fields.last { $0.hasPrefix("Auth") } != heads[1].fields.last { $0.hasPrefix("Auth") })
    }
}
