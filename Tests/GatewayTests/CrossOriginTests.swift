import Chat
import HTTPServer
import Policies
import Testing

@testable import Gateway

@Suite struct CrossOriginTests {
    private static let app = "https://app.example"

    private func rules(_ origins: String) throws -> CrossOriginRules {
        try #require(try snapshot("cors: {origins: \(origins)}\n").crossOrigin)
    }

    private func lines(_ origins: String, _ method: String = "POST", _ lines: String...) throws -> [String] {
        fields(CrossOrigin(try rules(origins), try request(method, "/v1/chat/completions", lines)).appendFields)
    }

    @Test func aPageOfAnAllowedOriginMayReadTheAnswer() throws {
        let lines = try lines("[\(Self.app)]", "POST", "origin: \(Self.app)")
        #expect(lines.prefix(2) == ["vary: Origin", "access-control-allow-origin: \(Self.app)"])
        #expect(lines.count == 3 && lines[2].hasPrefix("access-control-expose-headers: x-request-id, "))
        #expect(lines[2].contains("retry-after") && lines[2].contains("x-purser-cost-usd"))
    }

    @Test(arguments: [
        [], ["origin: https://evil.example"], ["origin: null"], ["origin: https://app.example.evil"], ["origin: http://app.example"],
        ["origin: https://app.example/"], ["origin:"], ["origin: https://app.example", "origin: https://app.example"],
        ["origin: https://app.example", "origin: https://evil.example"],
    ])
    func everybodyElseIsToldNothingButThatItDepends(_ lines: [String]) throws {
        let crossOrigin = CrossOrigin(try rules("[\(Self.app)]"), try request("POST", "/", lines))
        #expect(fields(crossOrigin.appendFields) == ["vary: Origin"])
    }

    @Test func everyOriginIsAStarAndDependsOnNothing() throws {
        #expect(try lines("[\"*\"]", "GET", "origin: https://any.example").first == "access-control-allow-origin: *")
        #expect(try !lines("[\"*\"]", "GET", "origin: https://any.example").contains { $0.hasPrefix("vary") })
        #expect(try lines("[\"*\"]", "GET") == [])
    }

    @Test func credentialsAreNeverAllowed() throws {
        for origins in ["[\"*\"]", "[\(Self.app)]"] {
            let lines = try lines(origins, "OPTIONS", "origin: \(Self.app)", "access-control-request-method: POST")
            #expect(!lines.joined().contains("allow-credentials"))
        }
    }

    @Test(arguments: [
        ("OPTIONS", ["origin: https://a.example", "access-control-request-method: POST"], true),
        ("OPTIONS", ["origin: https://a.example"], false), ("OPTIONS", ["access-control-request-method: POST"], false),
        ("POST", ["origin: https://a.example", "access-control-request-method: POST"], false), ("OPTIONS", [], false),
    ])
    func aPreflightHasAnOriginAndNamesItsMethod(_ method: String, _ lines: [String], _ isPreflight: Bool) throws {
        #expect(CrossOrigin(try rules("[\(Self.app)]"), try request(method, "/", lines)).isPreflight == isPreflight)
    }

    @Test func aPreflightIsNotToldWhatItsAnswerExposes() throws {
        let lines = try lines("[\(Self.app)]", "OPTIONS", "origin: \(Self.app)", "access-control-request-method: POST")
        #expect(lines == ["vary: Origin", "access-control-allow-origin: \(Self.app)"])
    }
}
