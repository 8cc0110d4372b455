import Chat
import Foundation
import Providers

/// A folder `Golden/WIRE/NAME` with a request, what becomes of it upstream, what the provider answers and what the client gets.
///
/// | file | is |
/// |---|---|
/// | `request.json` → `upstream.txt` | the client's request, and path, headers and body for the provider, or the error for the client; without it a plain one is taken |
/// | `model.json` | optional: `name`, `reported`, `max_output_tokens`, `api_version` of the model |
/// | `answer.json` → `client.json` | a whole answer of the provider, and what the client gets of it |
/// | `stream.sse`, `stream.jsonl` → `client.sse` | a stream of the provider (Bedrock's as JSON lines, framed here), and what the client gets |
/// | `failure.json` → `client-error.txt` | `status`, `retry_after`, `body` of a refusal, and the error |
///
/// `PURSER_GOLDEN=write swift test --filter Golden` writes the expected files anew; look at the difference before committing it.
struct GoldenCase: CustomStringConvertible, Sendable {
    let api: ProviderAPI
    let folder: URL

    var description: String { "\(api.rawValue)/\(folder.lastPathComponent)" }

    static let all: [GoldenCase] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
        return ProviderAPI.allCases.flatMap { api in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: api.rawValue).path())) ?? []
            return names.sorted().map { GoldenCase(api: api, folder: root.appending(path: "\(api.rawValue)/\($0)")) }
        }
    }()

    static let requests = all.filter { $0.bytes("request.json") != nil }
    static let streams = all.filter { $0.streamBytes != nil }
    static let answers = all.filter { $0.bytes("answer.json") != nil }

    static let rewrites = ProcessInfo.processInfo.environment["PURSER_GOLDEN"] == "write"

    func bytes(_ name: String) -> [UInt8]? { (try? Data(contentsOf: folder.appending(path: name))).map { [UInt8]($0) } }

    func text(_ name: String) -> String? { bytes(name).map { String(decoding: $0, as: UTF8.self) } }

    /// The provider's stream as it comes over the network.
    var streamBytes: [UInt8]? { bytes("stream.sse") ?? text("stream.jsonl").map(EventStreamEncoder.encode) }

    var model: ProviderModel {
        let facts = bytes("model.json").flatMap { try? JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] } ?? [:]
        let name = facts["name"] as? String ?? Self.usualModels[api] ?? "test-model"
        return ProviderModel(
            name: facts["reported"] as? String ?? name, upstreamName: name,
            maxOutputTokens: (facts["max_output_tokens"] as? NSNumber)?.int64Value, apiVersion: facts["api_version"] as? String)
    }

    private static let usualModels: [ProviderAPI: String] = [
        .anthropic: "claude-3-5-sonnet-20241022", .bedrock: "anthropic.claude-3-5-sonnet-20241022-v2:0",
    ]

    /// The client's request.
    var requestBytes: [UInt8] {
        bytes("request.json") ?? Array(#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#.utf8)
    }

    /// The request as the provider gets it, with an id and a time that do not change.
    func request(_ reader: JSONReader) throws -> (ProviderRequest, AnswerContext) {
        let client = try ChatRequest(decoding: requestBytes, reader: reader)
        let request = try ProviderRequest.make(client, api: api, model: model, reader: reader)
        var context = request.context
        if !context.id.isEmpty { (context.id, context.created) = ("chatcmpl-test", 1_700_000_000) }
        return (request, context)
    }

    /// Compares, or writes what is expected from now on.
    /// - Returns: the difference, if there is one.
    func check(_ name: String, _ actual: String) throws -> String? {
        let actual = actual.hasSuffix("\n") ? actual : actual + "\n"
        if Self.rewrites {
            try actual.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
            return nil
        }
        guard let expected = text(name) else { return "\(self): \(name) is missing; it would be\n\(actual)" }
        return expected == actual ? nil : "\(self)/\(name):\n\(Self.difference(expected, actual))"
    }

    private static func difference(_ expected: String, _ actual: String) -> String {
        let (old, new) = (expected.components(separatedBy: "\n"), actual.components(separatedBy: "\n"))
        return new.difference(from: old).map { change in
            switch change {
            case .remove(let line, let text, _): "- \(line + 1): \(text)"
            case .insert(let line, let text, _): "+ \(line + 1): \(text)"
            }
        }.joined(separator: "\n")
    }

    /// JSON with one member a line, in the order in which it was written.
    static func pretty(_ json: [UInt8]) throws -> String {
        try JSONReader().read(json) { root in pretty(root, "") }
    }

    private static func pretty(_ value: JSONValue, _ indent: String) -> String {
        let inner = indent + "  "
        func list(_ open: String, _ items: [String], _ close: String) -> String {
            items.isEmpty ? open + close : "\(open)\n\(inner)\(items.joined(separator: ",\n" + inner))\n\(indent)\(close)"
        }
        switch value.kind {
        case .object: return list("{", value.members.map { "\(pretty($0.name, inner)): \(pretty($0.value, inner))" }, "}")
        case .array: return list("[", value.elements.map { pretty($0, inner) }, "]")
        default:
            var bytes: [UInt8] = []
            bytes.appendJSON(value)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    static func describe(_ error: GatewayError) throws -> String {
        var body: [UInt8] = []
        error.appendOpenAIBody(to: &body)
        let status = error.passThrough?.status ?? error.code.status
        return "\(status) \(error.code.name) source=\(error.source.rawValue) retry=\(error.retry)\n\(try pretty(body))"
    }
}
