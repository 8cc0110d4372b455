import Chat
import Core
import Dialects
import Foundation
import Providers
import Testing

@Suite struct GoldenTests {
    private let reader = JSONReader()

    @Test(arguments: GoldenCase.requests) func requestsAreTranslated(example: GoldenCase) throws {
        let actual: String
        do {
            let (request, _) = try example.request(reader)
            actual = (["POST \(request.path)"] + request.headers).joined(separator: "\n") + "\n\n" + (try GoldenCase.pretty(request.body))
        } catch let error as GatewayError {
            actual = try GoldenCase.describe(error)
        }
        expectNothing(try example.check("upstream.txt", actual))
    }

    @Test(arguments: GoldenCase.answers) func answersAreTranslated(example: GoldenCase) throws {
        let body = try #require(example.bytes("answer.json"))
        let (_, context) = try example.request(reader)
        let actual: String
        do {
            let answer = try ProviderAnswer.read(body: body, context: context, reader: reader)
            let cost = answer.usage.map(prices.cost) ?? .zero
            actual = try GoldenCase.pretty(
                ClientDialect.chatCompletions.body(answer.billed(body, cost: cost, estimate: TokenUsage(input: 7, output: 5))))
        } catch let error as GatewayError {
            actual = try GoldenCase.describe(error) + "\ndetail: \(error.detail ?? "none")"
        }
        expectNothing(try example.check("client.json", actual))
    }

    @Test(arguments: GoldenCase.streams) func streamsAreTranslated(example: GoldenCase) throws {
        expectNothing(try example.check("client.sse", GoldenStream(example, reader).run().text))
    }

    @Test(arguments: GoldenCase.all.filter { $0.bytes("failure.json") != nil }) func failuresAreClassified(example: GoldenCase) throws {
        let data = Data(try #require(example.bytes("failure.json")))
        let facts = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let body =
            try (facts["body"] as? String).map { Array($0.utf8) }
            ?? [UInt8](JSONSerialization.data(withJSONObject: facts["body"] ?? [:] as [String: Any]))
        let delay = (facts["retry_after"] as? NSNumber).map { Duration.seconds($0.int64Value) }
        let status = try #require(facts["status"] as? Int)
        let error = ProviderFailure.read(api: example.api, status: status, body: body, retryAfter: delay, reader: reader)
        expectNothing(try example.check("client-error.txt", GoldenCase.describe(error)))
    }

    private func expectNothing(_ difference: String?) {
        if let difference { Issue.record(Comment(rawValue: difference)) }
    }
}

/// What comes of a stream, fed in pieces.
struct StreamResult: Equatable {
    var text = ""
    var contentEvents = 0
}

/// A case's stream, read once and to be fed many times.
struct GoldenStream {
    let bytes: [UInt8]
    private let context: AnswerContext
    private let reader: JSONReader

    init(_ example: GoldenCase, _ reader: JSONReader) throws {
        bytes = example.streamBytes ?? []
        context = try example.request(reader).1
        self.reader = reader
    }

    /// Feeds the whole stream.
    func run() throws -> StreamResult { try run([bytes]) }

    /// Feeds these pieces instead.
    func run(_ pieces: [[UInt8]]) throws -> StreamResult {
        var stream = ProviderStream(context, as: ClientDialect.chatCompletions.form, pricing: prices)
        var out: [UInt8] = []
        for piece in pieces { _ = stream.feed(piece, reader: reader, into: &out) }
        let end = stream.end(reader: reader, into: &out)
        if case .complete = end, stream.lacksUsage { stream.appendUsage(TokenUsage(input: 7, output: 5), to: &out) }
        let tokens = stream.usage.map {
            "\($0.input) in (\($0.cachedInput) cached, \($0.cacheWrite) written), \($0.output) out (\($0.reasoning) reasoning)"
        }
        let text = String(decoding: out, as: UTF8.self) + "=== \(try describe(end))\n=== usage: \(tokens ?? "none")\n"
        return StreamResult(text: text, contentEvents: stream.contentEvents)
    }

    private func describe(_ end: ProviderStream.End) throws -> String {
        switch end {
        case .complete: "complete"
        case .truncated: "truncated"
        case .failed(let error): "failed: \(try GoldenCase.describe(error))\ndetail: \(error.detail ?? "none")"
        }
    }
}
