import Chat
import Foundation
import Testing

/// Runs the fuzzers' seed corpora, which also hold every input that ever broke something.
@Suite struct CorpusTests {
    private func corpus(_ name: String) throws -> [[UInt8]] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appending(path: "Fuzzers/Corpus/\(name)")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).map {
            [UInt8](try Data(contentsOf: $0))
        }
    }

    @Test func streamsDoNotDependOnTheirSplits() throws {
        let streams = try corpus("SSE")
        #expect(streams.count >= 11)
        for bytes in streams.map({ Array($0.dropFirst()) }) {
            for wantsUsage in [false, true] {
                let expected = run([bytes], wantsUsage: wantsUsage)
                #expect(run(bytes.map { [$0] }, wantsUsage: wantsUsage) == expected)
            }
        }
    }

    @Test func splicedRequestsAreRequests() throws {
        let reader = JSONReader()
        let texts = try corpus("JSON")
        #expect(texts.count >= 8)
        var requests = 0
        for text in texts {
            #expect(throws: Never.self) { try reader.read(text) { _ in } }
            guard let request = try? ChatRequest(decoding: text, reader: reader) else { continue }
            requests += 1
            let body = request.upstreamBody(model: Array("\"up\"".utf8))
            let again = try ChatRequest(decoding: body, reader: reader)
            #expect(again.facts.model == "up")
            #expect(again.upstreamBody(model: Array("\"up\"".utf8)) == body)
        }
        #expect(requests >= 6)
    }
}
