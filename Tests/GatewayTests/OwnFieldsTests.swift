import Chat
import Testing

@testable import Gateway

@Suite struct OwnFieldsTests {
    @Test(arguments: [
        "x-purser-max-cost", "x-purser-timeout", "x-purser-metadata", "x-purser-explain", "x-session-id", "idempotency-key",
    ])
    func aFieldOfTheGatewaysOwnMayComeOnce(_ name: String) throws {
        try OwnFields.check(try request("POST", "/", ["\(name): a"]))
        let twice = try request("POST", "/", ["\(name): a", "other: b", "\(name.uppercased()): a"])
        let error = #expect(throws: GatewayError.self) { try OwnFields.check(twice) }
        #expect(error?.code == .invalidRequest && error?.param == name && error?.publicMessage.contains(name) == true)
    }

    @Test func fieldsOfOthersMayComeTwice() throws {
        try OwnFields.check(try request("POST", "/", ["x-forwarded-for: a", "x-forwarded-for: b", "x-purser-else: c", "x-purser-else: c"]))
    }

    @Test(
        arguments: [
            ([], nil), (["x-tier: gold"], "gold"), (["X-Tier: gold", "other: a"], "gold"),
            (["x-tier: gold", "X-TIER: silver"], "gold, silver"),
            (["x-tier:"], ""), (["x-tier2: gold"], nil), (["x-tier: a", "x-tier:", "x-tier: b"], "a, , b"),
        ] as [([String], String?)])
    func whatPoliciesLookAtIsOneList(_ lines: [String], _ value: String?) throws {
        #expect(OwnFields.value(named: "x-tier", in: try request("POST", "/", lines)) == value)
    }

    @Test func bytesThatAreNoTextAreReplaced() throws {
        var bytes = Array("POST / HTTP/1.1\r\nhost: h\r\nx-tier: a".utf8)
        bytes += [0xFF] + Array("b\r\n\r\n".utf8)
        #expect(OwnFields.value(named: "x-tier", in: try parsed(bytes)) == "a\u{FFFD}b")
    }
}
