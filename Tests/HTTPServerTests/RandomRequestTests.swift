import Glibc
import Testing

@testable import HTTPServer

/// Requests put together at random from good and bad pieces, cut at random: the parser must agree with itself, and a request may
/// be found only where the generator began one.
///
/// The seed is in the output of a failure; `PURSER_TEST_SEED` repeats it.
@Suite struct RandomRequestTests {
    @Test func agreesWithItself() {
        let seed = getenv("PURSER_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0 ... .max)
        print("random requests: seed \(seed)")
        var random = SplitMix64(state: seed)
        var accepted = 0
        for round in 0..<3000 {
            let bytes = RandomRequest.make(&random)
            let limits = Bool.random(using: &random) ? HTTPLimits() : SplitEquivalenceTests.tightLimits
            let whole = RequestStream.run(bytes, limits: limits)
            accepted += whole.requests.count { $0.body != nil }
            let cuts = (0..<Int.random(in: 1...6, using: &random)).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            let split = RequestStream.run(bytes, cuts: cuts, limits: limits)
            #expect(
                split == whole, "seed \(seed), round \(round), cuts \(cuts): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
        // A generator that only makes rubbish would prove nothing.
        #expect(accepted > 300, "seed \(seed)")
    }
}

/// A small, well-spread generator that can be seeded (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// One to three requests; about every second input has a fault.
enum RandomRequest {
    private static let lines = [
        "GET / HTTP/1.1", "POST /v1/chat/completions?x=%20 HTTP/1.1", "HEAD http://a/ HTTP/1.1", "POST /x HTTP/1.0", "PURGE /a;b HTTP/1.1",
    ]
    private static let badLines = [
        "GET /", "GET  / HTTP/1.1", "GET /\u{7F} HTTP/1.1", "CONNECT a:1 HTTP/1.1", "GET / HTTP/3.0", "PRI * HTTP/2.0", "",
    ]
    private static let fields = [
        "X: \t padded\t ", "Accept: */*", "Connection: close", "Connection: keep-alive, x", "Expect: 100-continue", "Empty:",
        "X-Long: abcdefghijklmnopqrstuvwxyz",
    ]
    private static let badFields = [
        "X : a", ": a", " folded", "X: \u{1}", "Host: b", "Content-Length: 1", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked",
        "Expect: x", "X",
    ]
    private static let bodies = [
        ("", ""), ("Content-Length: 0\r\n", ""), ("Content-Length: 5\r\n", "a\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        ("transfer-encoding: CHUNKED\r\n", "5;x\r\nhel\r\n\r\nA\r\n0123456789\r\n000\r\nX: y\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ]
    private static let badBodies = [
        ("Transfer-Encoding: chunked\r\n", "+5\r\nhello\r\n0\r\n\r\n"), ("Transfer-Encoding: chunked\r\n", "5\r\nhello!\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "0\r\nX : y\r\n\r\n"), ("Content-Length: 5, 5\r\n", "hello"),
        ("Content-Length: 99\r\n", "short"),
    ]

    static func make(_ random: inout SplitMix64) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) { bytes += Array(request(&random).utf8) }
        if Int.random(in: 0..<6, using: &random) == 0 {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        return bytes
    }

    private static func request(_ random: inout SplitMix64) -> String {
        var head = pick(lines, badLines, &random) + "\r\nHost: a\r\n"
        for _ in 0..<Int.random(in: 0...3, using: &random) { head += pick(fields, badFields, &random) + "\r\n" }
        let (field, body) = pick(bodies, badBodies, &random)
        return head + field + "\r\n" + body
    }

    private static func pick<Piece>(_ good: [Piece], _ bad: [Piece], _ random: inout SplitMix64) -> Piece {
        let pieces = Int.random(in: 0..<15, using: &random) == 0 ? bad : good
        return pieces[Int.random(in: 0..<pieces.count, using: &random)]
    }
}
