import Chat
import Dialects
import Testing

@testable import Providers

/// What a stream of `wire` makes of `pieces`.
private func feed(_ api: ProviderAPI, _ pieces: [[UInt8]]) throws -> (out: String, end: ProviderStream.End) {
    let reader = JSONReader()
    let request = try ChatRequest(decoding: Array(#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#.utf8), reader: reader)
    let made = try ProviderRequest.make(request, api: api, model: ProviderModel(name: "m", upstreamName: "claude-3-opus"), reader: reader)
    var stream = ProviderStream(made.context, as: ClientDialect.chatCompletions.form, pricing: prices)
    var out: [UInt8] = []
    for piece in pieces { _ = stream.feed(piece, reader: reader, into: &out) }
    return (String(decoding: out, as: UTF8.self), stream.end(reader: reader, into: &out))
}

private func detail(_ end: ProviderStream.End) -> String? {
    if case .failed(let error) = end { error.detail } else { nil }
}

@Suite struct EventStreamFramingTests {
    private static let event = [(":event-type", "contentBlockDelta"), (":message-type", "event")]
    private static let hello = EventStreamEncoder.frame(event, Array(#"{"contentBlockIndex":0,"delta":{"text":"Hello"}}"#.utf8))

    /// A frame with these bytes as its headers.
    private func frame(rawHeaders: [UInt8], _ payload: [UInt8] = Array("{}".utf8)) -> [UInt8] {
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        var bytes = number(16 + rawHeaders.count + payload.count) + number(rawHeaders.count)
        bytes += number(Int(EventStreamEncoder.crc32(bytes)))
        bytes += rawHeaders + payload
        return bytes + number(Int(EventStreamEncoder.crc32(bytes)))
    }

    @Test func checksumsAreThoseOfZlib() {
        // The check value of CRC-32 in every catalogue.
        let crc = Array("123456789".utf8).withUnsafeBytes { CRC32.of($0) }
        #expect(crc == 0xCBF4_3926)
        #expect(EventStreamEncoder.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
    }

    @Test func everyFlippedBitIsFound() throws {
        for position in Self.hello.indices {
            var damaged = Self.hello
            damaged[position] ^= 1 << UInt8(position % 8)
            let (out, end) = try feed(.bedrock, [damaged, Self.hello])
            #expect(out.isEmpty)
            #expect(detail(end)?.contains("checksum") == true, "byte \(position)")
        }
    }

    @Test func allTypesOfHeadersAreSkipped() throws {
        func header(_ type: UInt8, _ value: [UInt8]) -> [UInt8] { [1, 0x78, type] + value }
        let name: [UInt8] = [11] + Array(":event-type".utf8) + [7, 0, 17] + Array("contentBlockDelta".utf8)
        let kind: [UInt8] = [13] + Array(":message-type".utf8) + [7, 0, 5] + Array("event".utf8)
        let others =
            header(0, []) + header(1, []) + header(2, [1]) + header(3, [1, 2]) + header(4, [0, 0, 0, 1])
            + header(5, [UInt8](repeating: 0, count: 8))
            + header(6, [0, 3, 1, 2, 3]) + header(7, [0, 0]) + header(8, [UInt8](repeating: 0, count: 8))
            + header(9, [UInt8](repeating: 0, count: 16))
        let bytes = frame(rawHeaders: others + name + kind, Array(#"{"delta":{"text":"Hello"}}"#.utf8))
        #expect(try feed(.bedrock, [bytes]).out.contains(#""content":"Hello""#))
    }

    @Test(
        arguments: [
            [5], [1, 0x78], [1, 0x78, 10], [1, 0x78, 7, 0], [1, 0x78, 7, 0, 9, 1], [1, 0x78, 4, 0, 0], [0, 99],
        ] as [[UInt8]])
    func malformedHeadersAreFaults(headers: [UInt8]) throws {
        #expect(detail(try feed(.bedrock, [frame(rawHeaders: headers)]).end) == "the headers of a stream event are malformed")
    }

    @Test(arguments: [0, 15, 1 << 20 + 1, Int(UInt32.max)]) func impossibleLengthsAreFaults(length: Int) throws {
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        let lengths = number(length) + number(0)
        let prelude = lengths + number(Int(EventStreamEncoder.crc32(lengths)))
        #expect(detail(try feed(.bedrock, [prelude]).end)?.hasPrefix("a stream event says it is") == true)
    }

    @Test func headersLongerThanTheEventAreFaults() throws {
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        let lengths = number(100) + number(85)
        #expect(
            detail(try feed(.bedrock, [lengths + number(Int(EventStreamEncoder.crc32(lengths)))]).end)?.contains("85 of them headers")
                == true)
    }

    @Test func anEventWithoutPayloadIsNone() throws {
        let bytes = EventStreamEncoder.frame(Self.event, []) + Self.hello
        #expect(try feed(.bedrock, [bytes]).out.contains("Hello"))
    }
}

@Suite struct LongEventTests {
    private static func delta(_ text: String) -> String {
        #"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\#(text)"}}"# + "\n\n"
    }

    @Test func anEventOfAMegabyteIsTooMuch() throws {
        let fits = Self.delta(String(repeating: "x", count: 1 << 20 - 200))
        #expect(try feed(.anthropic, [Array(fits.utf8)]).out.utf8.count > 1 << 20 - 200)
        let long = Array(Self.delta(String(repeating: "x", count: 1 << 20)).utf8)
        for pieces in [[long], [Array(long[..<1000]), Array(long[1000...])], long.chunks(of: 16384)] {
            let (out, end) = try feed(.anthropic, [Array(Self.delta("before").utf8)] + pieces)
            #expect(detail(end) == "a stream event is longer than 1048576 bytes")
            #expect(out.contains("before") && !out.contains("xxx"))
        }
    }

    /// What is legal but absurd takes time in proportion to its size, and not to the square of it.
    @Test(.timeLimit(.minutes(1))) func manyPiecesAreNoWork() throws {
        let lines = "data: {" + String(repeating: "\ndata:", count: 140_000) + "\ndata: \"type\":\"message_stop\"}\n\n"
        guard case .complete = try feed(.anthropic, [Array(lines.utf8)]).end else {
            Issue.record("an event of many lines is one event")
            return
        }
        let start = #"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"# + "\n\n"
        func delta(_ kind: String, _ member: String) -> String {
            #"data: {"type":"content_block_delta","index":0,"delta":{"type":"\#(kind)","\#(member)":"0123456789"}}"# + "\n\n"
        }
        let stop = #"data: {"type":"content_block_stop","index":0}"# + "\n\n" + #"data: {"type":"message_stop"}"# + "\n\n"
        let count = 50_000
        let thoughts = String(repeating: delta("thinking_delta", "thinking"), count: count)
        let proofs = String(repeating: delta("signature_delta", "signature"), count: count)
        let (out, end) = try feed(.anthropic, Array((start + thoughts + proofs + stop).utf8).chunks(of: 16384))
        guard case .complete = end else {
            Issue.record("not complete")
            return
        }
        #expect(out.contains("\"signature\":\"" + String(repeating: "0123456789", count: count) + "\""))
    }

    @Test(.timeLimit(.minutes(1))) func longHistoriesAreNoWork() throws {
        let count = 20_000
        let calls = (0..<count).map { #"{"id":"call_\#($0)","type":"function","function":{"name":"tool_\#($0)","arguments":"{}"}}"# }
        let results = (0..<count).reversed().map { #"{"role":"tool","tool_call_id":"call_\#($0)","content":"x"}"# }
        let body =
            #"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":["#
            + "\(calls.joined(separator: ","))]},\(results.joined(separator: ","))]}"
        let reader = JSONReader()
        let request = try ChatRequest(decoding: Array(body.utf8), reader: reader)
        for api in [ProviderAPI.anthropic, .bedrock] {
            let made = try ProviderRequest.make(
                request, api: api, model: ProviderModel(name: "m", upstreamName: "claude-3-opus"), reader: reader)
            #expect(made.body.count > 100 * count)
        }
    }

    @Test func anEndlessLineIsTooMuch() throws {
        let pieces = [[UInt8]](repeating: [UInt8](repeating: 0x20, count: 65536), count: 17)
        #expect(detail(try feed(.anthropic, pieces).end) == "a stream event is longer than 1048576 bytes")
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
