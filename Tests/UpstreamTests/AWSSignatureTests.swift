import Testing

@testable import Upstream

/// The signatures are botocore's for the same requests (`SigV4Auth` of botocore 1.x with the time fixed).
@Suite struct AWSSignatureTests {
    struct Vector: Sendable {
        var url = "https://bedrock-runtime.us-east-1.amazonaws.com"
        var path: String
        var body = #"{"messages":[]}"#
        var token: String?
        var headers = ["Content-Type: application/json"]
        var region = "us-east-1"
        var service = "bedrock"
        let signature: String
    }

    static let token = "IQoJb3JpZ2luX2VjE//+token=="
    static let vectors = [
        Vector(path: "/model/plain/converse", signature: "7542b88dee36b91029ce4397e6a7a8c7f3d9204b0113d8ebeb20e789e0be2446"),
        Vector(
            path: "/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse-stream",
            signature: "44e017ca2d85cfe56b11b8f9cc8cf31e77c9a0668d05ac57a46b30ec778c8809"),
        Vector(
            path: "/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse", token: token,
            signature: "c6889590a3cb9137c0b48006229ab283ecbf128e0d1e4d36b74f71b374bf70a2"),
        Vector(
            path: "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123%3Ainference-profile%2Fus.x/converse", token: token,
            signature: "c036cf06d339b41936709e1b85a4c3edc5f4b09803f574034e9bf2a320356828"),
        Vector(
            url: "http://127.0.0.1:8080/base", path: "/model/m%20%C3%A9/converse?b=2&a=1&c", body: "", headers: [], region: "eu-central-1",
            service: "execute-api", signature: "800682b97bd369bd2693ee89815a383206b9e3102acc910a3e42b4a5c57d2a61"),
    ]

    @Test(arguments: vectors) func signaturesAreThoseOfAWS(vector: Vector) throws {
        let credentials = AWSCredentials(
            region: vector.region, service: vector.service, accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            sessionToken: vector.token)
        let endpoint = UpstreamEndpoint(url: vector.url, headers: vector.headers, credentials: credentials)
        let signature = try #require(AWSSignature(endpoint))
        let lines = Array(vector.body.utf8).withUnsafeBytes {
            signature.headers(.post, target: endpoint.target(vector.path), body: $0, time: 1_795_698_300)
        }
        #expect(lines.first == "X-Amz-Date: 20261126T130500Z")
        #expect(lines.dropFirst().first?.hasSuffix("Signature=" + vector.signature) == true)
        #expect(lines.dropFirst(2) == (vector.token.map { ["X-Amz-Security-Token: \($0)"] } ?? [])[...])
    }

    @Test(arguments: [
        ("https://h.example:443/x", "h.example", "/x"), ("https://h.example:8443", "h.example:8443", "/"),
        ("http://h:80?q=1", "h", "/?q=1"),
        ("HTTPS://h:443/", "h", "/"), ("http://[::1]:9/a/b", "[::1]:9", "/a/b"),
    ])
    func hostAndTargetAreAsTheyAreSent(url: String, host: String, target: String) {
        let endpoint = UpstreamEndpoint(url: url, headers: [])
        #expect(endpoint.authority == host)
        #expect(endpoint.target("") == target)
        #expect(AWSSignature(endpoint) == nil)
    }

    @Test func credentialsDoNotShow() {
        let credentials = AWSCredentials(region: "r", service: "s", accessKey: "AKID", secretKey: "SEKRET", sessionToken: "TOKEN")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("AKID") && !text.contains("SEKRET") && !text.contains("TOKEN"))
        }
    }
}
