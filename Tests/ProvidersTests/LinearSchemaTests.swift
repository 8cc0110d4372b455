import Chat
import Core
import Glibc
import Providers
import Testing

/// The work on a schema grows evenly with each thing that it can have many of, as a tool's parameters and as the format of the answer, on every
/// wire; and so does the work on a stream that comes byte by byte. Measured as in `LinearWorkTests`.
@Suite(.serialized) struct LinearSchemaTests {
    struct Shape: CustomStringConvertible, Sendable {
        let description: String
        let schema: @Sendable (Int) -> String

        init(_ description: String, _ schema: @escaping @Sendable (Int) -> String) {
            self.description = description
            self.schema = schema
        }
    }

    private static func many(_ count: Int, _ make: (Int) -> String) -> String { (0..<count).map(make).joined(separator: ",") }

    private static func object(_ properties: String, _ members: String = "") -> String {
        #"{"type":"object","properties":{\#(properties)}\#(members)}"#
    }

    /// As many schemas of that depth, one beside the other, as it takes.
    private static func deep(_ count: Int, _ open: String, _ close: String) -> String {
        object(
            many(count / 20) {
                "\"p\($0)\":" + String(repeating: open, count: 20) + #"{"type":"string"}"# + String(repeating: close, count: 20)
            })
    }

    static let shapes: [Shape] = [
        Shape("properties") { object(many($0) { #""p\#($0)":{"type":"string","description":"a"}"# }) },
        Shape("objects in objects") { deep($0, #"{"type":"object","properties":{"a":"#, "}}") },
        Shape("lists in lists") { deep($0, #"{"type":"array","items":"#, "}") },
        Shape("alternatives in alternatives") { deep($0, #"{"anyOf":["#, #",{"type":"null"}]}"#) },
        Shape("values of an enum") { count in object(#""a":{"type":"string","enum":[\#(many(count) { "\"v\($0)\"" })]}"#) },
        Shape("numbers of an enum") { count in object(#""a":{"enum":[\#(many(count) { "\($0)" })]}"#) },
        Shape("alternatives") { count in object(#""a":{"anyOf":[\#(many(count) { #"{"type":"string","const":"\#($0)"}"# })]}"#) },
        Shape("alternatives by oneOf") { count in
            object(#""a":{"oneOf":[\#(many(count) { #"{"type":"object","properties":{"k\#($0)":{"type":"string"}}}"# })]}"#)
        },
        Shape("parts by allOf") { count in object(#""a":{"allOf":[\#(many(count) { #"{"properties":{"k\#($0)":{"type":"string"}}}"# })]}"#)
        },
        Shape("types of one member") { count in object(#""a":{"type":[\#(many(count) { $0 % 2 == 0 ? #""string""# : #""null""# })]}"#) },
        Shape("a chain of references") { count in
            object(
                ##""a":{"$ref":"#/$defs/d0"}"##,
                ##","$defs":{\##(many(count) { ##""d\##($0)":{"type":"object","properties":{"n":{"$ref":"#/$defs/d\##($0 + 1)"}}}"## }),"d\##(count)":{"type":"string"}}"##
            )
        },
        Shape("a chain of names") { count in
            object(
                ##""a":{"$ref":"#/$defs/d0"}"##,
                ##","$defs":{\##(many(count) { ##""d\##($0)":{"$ref":"#/$defs/d\##($0 + 1)"}"## }),"d\##(count)":{"type":"string"}}"##)
        },
        Shape("a tree of references, two of each") { count in
            object(
                ##""a":{"$ref":"#/$defs/d0"}"##,
                ##","$defs":{\##(many(count) { ##""d\##($0)":{"type":"object","properties":{"l":{"$ref":"#/$defs/d\##($0 + 1)"},"r":{"$ref":"#/$defs/d\##($0 + 1)"}}}"## }),"d\##(count)":{"type":"string"}}"##
            )
        },
        Shape("uses of one definition") { count in
            object(many(count) { ##""p\##($0)":{"$ref":"#/$defs/d"}"## }, ##","$defs":{"d":{"type":"string"}}"##)
        },
        Shape("definitions that name each other in a ring") { count in
            object(
                ##""a":{"$ref":"#/$defs/d0"}"##,
                ##","$defs":{\##(many(count) { ##""d\##($0)":{"type":"object","properties":{"n":{"$ref":"#/$defs/d\##(($0 + 1) % count)"}}}"## })}"##
            )
        },
        Shape("definitions that nobody uses") { count in object("", #","$defs":{\#(many(count) { #""d\#($0)":{"type":"string"}"# })}"#) },
        Shape("patterns of properties") { count in
            object("", #","patternProperties":{\#(many(count) { #""^p\#($0)":{"type":"string"}"# })}"#)
        },
        Shape("keywords that few take") { count in
            object(many(count) { #""p\#($0)":{"type":"string","minLength":1,"pattern":"a","format":"x"}"# })
        },
    ]

    private static let targets: [(ProviderAPI, String)] = [
        (.openai, "gpt-4o"), (.anthropic, "claude-3-5-sonnet-20241022"), (.anthropic, "claude-opus-4-6"), (.gemini, "gemini-2.5-flash"),
        (.gemini, "gemini-3-pro"), (.bedrock, "anthropic.claude-3-5-sonnet-20241022-v2:0"), (.bedrock, "amazon.nova-pro-v1:0"),
    ]

    private static func body(_ schema: String) -> [UInt8] {
        let tool = #"{"type":"function","function":{"name":"f","parameters":\#(schema)}}"#
        let format = #"{"type":"json_schema","json_schema":{"name":"r","strict":true,"schema":\#(schema)}}"#
        return Array(#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[\#(tool)],"response_format":\#(format)}"#.utf8)
    }

    /// How many of the targets take the request.
    private static func translations(_ request: ChatRequest, _ reader: JSONReader) -> Int {
        targets.count { api, name in
            let model = ProviderModel(name: "m", upstreamName: name, maxOutputTokens: 4096)
            return (try? ProviderRequest.make(request, api: api, model: model, reader: reader)) != nil
        }
    }

    @Test(arguments: shapes) func aSchemaOfTwiceTheSizeTakesAtMostTwoAndAHalfTimesAsLong(shape: Shape) async throws {
        let request = try ChatRequest(decoding: Self.body(shape.schema(240)), reader: JSONReader())
        #expect(Self.translations(request, JSONReader()) > 1, "a shape that only OpenAI's dialect takes shows little")
        try await expectEvenGrowth("\(shape)") { count in
            let bytes = Self.body(shape.schema(count))
            let reader = JSONReader()
            return {
                guard let request = try? ChatRequest(decoding: bytes, reader: reader) else { return }
                _ = Self.translations(request, reader)
            }
        }
    }

    @Test(arguments: ["one event", "short events", "comments", "blank lines"]) func aStreamInSingleBytesIsEvenWork(kind: String)
        async throws
    {
        try await expectEvenGrowth(kind) { count in
            let chunk =
                #"data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"TEXT"},"finish_reason":null}]}"#
            let text: String =
                switch kind {
                case "one event": chunk.replacing("TEXT", with: String(repeating: "a", count: min(count * 20, 1_000_000))) + "\n\n"
                case "short events": String(repeating: chunk + "\r\n\r\n", count: count / 8)
                case "comments": String(repeating: ": x\n", count: count * 4)
                default: String(repeating: "\n", count: count * 20)
                }
            let bytes = Array(text.utf8)
            let reader = JSONReader()
            return {
                var stream = OpenAIStream(clientWantsUsage: false, pricing: .unpriced, choices: 1)
                var out: [UInt8] = []
                for byte in bytes { _ = stream.feed([byte], reader: reader, into: &out) }
            }
        }
    }

    /// - Parameter prepare: makes work of a size.
    private func expectEvenGrowth(_ name: String, _ prepare: (Int) -> () -> Void) async throws {
        // Other work in the same caches spoils a measurement, so that the next one waits; work that is more than even spoils all of them.
        var ratios: [Double] = []
        for seconds in [0, 0, 2, 8, 30] {
            try await Task.sleep(for: .seconds(seconds))
            let ratio = growth(prepare)
            if ratio <= 2.5 { return }
            ratios.append(ratio)
        }
        Issue.record("\(name) doubled took \(ratios) times as long")
    }

    private func growth(_ prepare: (Int) -> () -> Void) -> Double {
        var count = 240
        while count < 16_000 {
            let time = least(prepare(count))
            if time >= 4_000_000 { return Double(least(prepare(count * 2))) / Double(time) }
            count *= 2
        }
        return Double(least(prepare(count * 2))) / Double(max(1, least(prepare(count))))
    }

    /// The least nanoseconds of three runs, of the thread's processor.
    private func least(_ work: () -> Void) -> Int64 {
        (0..<3).map { _ in
            let start = Self.processorTime()
            work()
            return Self.processorTime() - start
        }.min() ?? 0
    }

    private static func processorTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
