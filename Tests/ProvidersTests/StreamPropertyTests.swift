import Chat
import Core
import Dialects
import Providers
import Testing

/// What must hold of every golden stream, wherever the network cuts it and whatever it does to it.
@Suite struct StreamPropertyTests {
    @Test(arguments: GoldenCase.streams) func splitsDoNotMatter(example: GoldenCase) throws {
        let stream = try GoldenStream(example, JSONReader())
        let bytes = stream.bytes
        let whole = try stream.run()
        #expect(try stream.run(bytes.map { [$0] }) == whole)
        for position in bytes.indices {
            let split = try stream.run([Array(bytes[..<position]), Array(bytes[position...])])
            guard split == whole else {
                Issue.record("\(example) cut at byte \(position):\n\(split.text)")
                return
            }
        }
    }

    /// A stream that breaks off is never taken for a whole one, unless all of its content was there.
    @Test(arguments: GoldenCase.streams) func whatIsCutIsTruncated(example: GoldenCase) throws {
        let stream = try GoldenStream(example, JSONReader())
        let whole = try stream.run().text
        let content = whole.text(before: "=== ")
        for position in stream.bytes.indices {
            let cut = try stream.run([Array(stream.bytes[..<position])]).text
            if cut.contains("=== complete") {
                #expect(cut.contains("\"finish_reason\":\"") && whole.contains("=== complete"))
            } else {
                // What was sent before the cut is what would have been sent anyway.
                #expect(content.hasPrefix(cut.text(before: "=== ")))
            }
        }
    }

    @Test(arguments: GoldenCase.streams) func randomDamageNeverCrashes(example: GoldenCase) throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        let stream = try GoldenStream(example, JSONReader())
        for _ in 0..<200 {
            let damaged = random.damage(stream.bytes)
            let position = Int.random(in: 0...damaged.count, using: &random)
            let text = try stream.run([Array(damaged[..<position]), Array(damaged[position...])]).text
            #expect(text.contains("=== "), "seed \(seed)")
        }
    }

    @Test(arguments: GoldenCase.answers) func damagedAnswersNeverCrash(example: GoldenCase) throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        let reader = JSONReader()
        let (_, context) = try example.request(reader)
        let bytes = try #require(example.bytes("answer.json"))
        for _ in 0..<200 {
            let damaged = random.damage(bytes)
            guard let answer = try? ProviderAnswer.read(body: damaged, context: context, reader: reader) else { continue }
            let rendered = ClientDialect.chatCompletions.body(answer.billed(damaged, cost: .zero, estimate: TokenUsage()))
            #expect(throws: Never.self, "seed \(seed)") { try reader.read(rendered) { _ in } }
        }
    }

    /// What the client sends may be damaged too: the body that goes upstream is JSON all the same.
    @Test(arguments: GoldenCase.requests) func damagedRequestsStayJSON(example: GoldenCase) throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        let reader = JSONReader()
        let bytes = example.requestBytes
        for _ in 0..<100 {
            guard let request = try? ChatRequest(decoding: random.damage(bytes), reader: reader),
                let upstream = try? ProviderRequest.make(request, api: example.api, model: example.model, reader: reader)
            else { continue }
            #expect(throws: Never.self, "seed \(seed)") { try reader.read(upstream.body) { _ in } }
        }
    }
}

/// A small random generator that can be seeded (Steele, Lea, Flood: SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// A few bytes changed, taken out, doubled or moved.
    mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let position = Int.random(in: 0..<bytes.count, using: &self)
            let length = Int.random(in: 1...min(40, bytes.count - position), using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes[position] = UInt8.random(in: .min ... .max, using: &self)
            case 1: bytes.removeSubrange(position..<position + length)
            case 2: bytes.insert(contentsOf: bytes[position..<position + length], at: Int.random(in: 0...bytes.count, using: &self))
            case 3: bytes.replaceSubrange(position..<position + 1, with: Array("null".utf8))
            default: bytes.replaceSubrange(position..<position + 1, with: Array(#"{"a":[-1,9e999,""]}"#.utf8))
            }
        }
        return bytes
    }
}

extension String {
    /// Everything before the first `mark`.
    func text(before mark: String) -> String { String(self[..<(firstRange(of: mark)?.lowerBound ?? endIndex)]) }
}
