import Chat
import Glibc
import Providers
import Testing

/// The work on a request grows evenly with each thing that a client can send many of: doubling it takes at most 2.5 times as long.
///
/// Everything that a request goes through before it is sent is measured: reading, counting, a model's settings, the translation on every wire.
/// Times are those of the thread's processor, the least of several runs, at sizes that take some milliseconds.
@Suite(.serialized) struct LinearWorkTests {
    struct Shape: CustomStringConvertible, Sendable {
        let description: String
        let body: @Sendable (Int) -> String

        init(_ description: String, _ body: @escaping @Sendable (Int) -> String) {
            self.description = description
            self.body = body
        }
    }

    private static func many(_ count: Int, _ make: (Int) -> String) -> String { (0..<count).map(make).joined(separator: ",") }

    private static func chat(_ messages: String, _ members: String = "") -> String {
        #"{"model":"m","messages":[\#(messages)]\#(members.isEmpty ? "" : "," + members)}"#
    }

    private static let hi = #"{"role":"user","content":"hi"}"#

    private static func call(_ id: Int, _ name: String = "f") -> String {
        #"{"id":"c\#(id)","type":"function","function":{"name":"\#(name)","arguments":"{}"}}"#
    }

    private static func tool(_ name: String, _ schema: String = #"{"type":"object"}"#) -> String {
        #"{"type":"function","function":{"name":"\#(name)","parameters":\#(schema)}}"#
    }

    private static let format = #""response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object"}}}"#

    static let shapes: [Shape] = [
        Shape("members nobody knows") { chat(hi, many($0) { #""m\#($0)":0"# }) },
        Shape("members of a member") { chat(hi, #""m":{\#(many($0) { #""m\#($0)":0"# })}"#) },
        Shape("messages") { chat(many($0) { #"{"role":"\#($0 % 2 == 0 ? "user" : "assistant")","content":"a"}"# }) },
        Shape("messages of one role") { chat(many($0) { _ in hi }) },
        Shape("system messages") { chat(many($0) { _ in #"{"role":"system","content":"a"}"# } + "," + hi) },
        Shape("members of a message") { chat(#"{"role":"user","content":"a",\#(many($0) { #""m\#($0)":0"# })}"#) },
        Shape("parts") { chat(#"{"role":"user","content":[\#(many($0) { _ in #"{"type":"text","text":"a"}"# })]}"#) },
        Shape("members of a part") { chat(#"{"role":"user","content":[{"type":"text","text":"a",\#(many($0) { #""m\#($0)":0"# })}]}"#) },
        Shape("images") {
            chat(
                #"{"role":"user","content":[\#(many($0) { _ in #"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}"# })]}"#
            )
        },
        Shape("files") {
            chat(
                #"{"role":"user","content":[\#(many($0) { _ in #"{"type":"file","file":{"filename":"a","file_data":"data:application/pdf;base64,JVBERi0x"}}"# })]}"#
            )
        },
        Shape("tools") { chat(hi, #""tools":[\#(many($0) { tool("f\($0)") })]"#) },
        Shape("tools of one name") { chat(hi, #""tools":[\#(many($0) { _ in tool("f") })]"#) },
        Shape("tools whose names differ behind the limit of length") {
            chat(hi, #""tools":[\#(many($0) { tool(String(repeating: "x", count: 140) + "\($0)") })]"#)
        },
        Shape("tools whose names become alike") { count in
            chat(hi, #""tools":[\#(many(count) { tool("é\($0 % 7)\(String(repeating: "ü", count: $0 % 50))") })]"#)
        },
        Shape("tools named like the one that stands for a format") { count in
            // Each name has one underscore more: their lengths add up, so their number grows with the root.
            let names = Int(Double(count).squareRoot()) * 4
            return chat(hi, #""tools":[\#(many(names) { tool("json_response" + String(repeating: "_", count: $0)) })],\#(format)"#)
        },
        Shape("calls of a message") { chat("\(hi),{\"role\":\"assistant\",\"tool_calls\":[\(many($0) { call($0) })]}") },
        Shape("calls of one id") { chat("\(hi),{\"role\":\"assistant\",\"tool_calls\":[\(many($0) { _ in call(1) })]}") },
        Shape("results") { count in
            chat(
                "\(hi),{\"role\":\"assistant\",\"tool_calls\":[\(many(count) { call($0) })]},"
                    + many(count) { #"{"role":"tool","tool_call_id":"c\#(count - 1 - $0)","content":"r"}"# })
        },
        Shape("results of one call") { count in
            chat(
                "\(hi),{\"role\":\"assistant\",\"tool_calls\":[\(call(0))]},"
                    + many(count) { _ in #"{"role":"tool","tool_call_id":"c0","content":"r"}"# })
        },
        Shape("results without a call") { chat(hi + "," + many($0) { #"{"role":"tool","tool_call_id":"o\#($0)","content":"r"}"# }) },
        Shape("turns with calls") { count in
            chat(
                hi + ","
                    + many(count) {
                        #"{"role":"assistant","tool_calls":[\#(call($0))]},{"role":"tool","tool_call_id":"c\#($0)","content":"r"}"#
                    })
        },
        Shape("signatures of calls") { count in
            let details = many(count) { #"{"type":"reasoning.encrypted","data":"s","id":"c\#(count - 1 - $0)"}"# }
            return chat("\(hi),{\"role\":\"assistant\",\"tool_calls\":[\(many(count) { call($0) })],\"reasoning_details\":[\(details)]}")
        },
        Shape("signatures of no call") { count in
            let details = many(count) { _ in #"{"type":"reasoning.encrypted","data":"s"}"# }
            return chat(
                "\(hi),{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[\(many(count) { call($0) })],\"reasoning_details\":[\(details)]}"
            )
        },
        Shape("thoughts") {
            chat(
                "\(hi),{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[\(many($0) { _ in #"{"type":"reasoning.text","text":"t","signature":"s"}"# })]}"
            )
        },
        Shape("properties of a schema") {
            chat(hi, #""tools":[\#(tool("f", #"{"type":"object","properties":{\#(many($0) { #""p\#($0)":{"type":"string"}"# })}}"#))]"#)
        },
        Shape("required of a schema") { count in
            chat(
                hi,
                #""response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object","properties":{\#(many(count) { #""p\#($0)":{"type":"string"}"# })},"required":[\#(many(count) { "\"p\($0)\"" })]}}}"#
            )
        },
        Shape("definitions of a schema, each used once") { count in
            let properties = many(count) { ##""p\##($0)":{"$ref":"#/$defs/d\##($0)"}"## }
            let definitions = many(count) { #""d\#($0)":{"type":"string"}"# }
            let schema = #"{"type":"object","properties":{\#(properties)},"$defs":{\#(definitions)}}"#
            return chat(
                hi,
                #""tools":[\#(tool("f", schema))],"response_format":{"type":"json_schema","json_schema":{"name":"r","schema":\#(schema)}}"#)
        },
        Shape("keywords of a schema") {
            chat(
                hi,
                #""response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object",\#(many($0) { #""x-\#($0)":1"# })}}}"#
            )
        },
        Shape("alternatives of a schema") {
            chat(
                hi,
                #""response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"anyOf":[\#(many($0) { _ in #"{"type":"object"}"# })]}}}"#
            )
        },
        Shape("stop sequences") { chat(hi, #""stop":[\#(many($0) { "\"s\($0)\"" })]"#) },
        Shape("biases of tokens") { chat(hi, #""logit_bias":{\#(many($0) { #""\#($0)":1"# })}"#) },
        Shape("escapes") { chat(#"{"role":"user","content":"\#(String(repeating: #"\n\""#, count: $0 * 4))"}"#) },
        Shape("bytes of a name") { chat(#"{"role":"user","content":"a","name":"\#(String(repeating: "é", count: $0 * 4))"}"#) },
        Shape("bytes of arguments that are no JSON") { count in
            chat(
                "\(hi),{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\(String(repeating: "[", count: count * 4))\"}}]}"
            )
        },
        Shape("numbers") { chat(hi, #""m":[\#(many($0) { "\($0).5e-3" })]"#) },
        Shape("tags that are too many") { chat(hi, #""metadata":{\#(many($0) { #""t\#($0)":"a""# })}"#) },
        Shape("marks for the cache") {
            chat(many($0) { _ in #"{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}"# })
        },
        Shape("members with settings of the model") { count in
            let settings = #"{"model":"m","settings":{\#(many(200) { #""s\#($0)":0"# })}}"#
            return #"{"model":\#(settings),"messages":[\#(hi)],\#(many(count) { #""m\#($0)":0"# })}"#
        },
        Shape("settings of the model") { count in
            let settings = #"{"model":"m","settings":{\#(many(count) { #""s\#($0)":0"# })}}"#
            return #"{"model":\#(settings),"messages":[\#(hi)],\#(many(count) { #""m\#($0)":0"# })}"#
        },
    ]

    private static let targets: [(ProviderAPI, String)] = [
        (.openai, "gpt-4o"), (.azure, "gpt-5"), (.anthropic, "claude-3-5-sonnet-20241022"), (.anthropic, "claude-opus-4-6"),
        (.gemini, "gemini-2.5-flash"), (.gemini, "gemini-3-pro"), (.bedrock, "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        (.bedrock, "amazon.nova-pro-v1:0"),
    ]

    @Test(arguments: shapes) func doublingTakesAtMostTwoAndAHalfTimesAsLong(shape: Shape) async throws {
        // Other work in the same caches spoils a measurement, so that the next one waits; work that is more than even spoils all of them.
        var ratios: [Double] = []
        for seconds in [0, 0, 2, 8, 30] {
            try await Task.sleep(for: .seconds(seconds))
            let ratio = growth(of: shape)
            if ratio <= 2.5 { return }
            ratios.append(ratio)
        }
        Issue.record("\(shape) doubled took \(ratios) times as long")
    }

    private func growth(of shape: Shape) -> Double {
        var count = 250
        while count < 64_000 {
            let time = least(shape, count)
            if time >= 4_000_000 { return Double(least(shape, count * 2)) / Double(time) }
            count *= 2
        }
        return Double(least(shape, count * 2)) / Double(max(1, least(shape, count)))
    }

    /// The least nanoseconds of three runs.
    private func least(_ shape: Shape, _ count: Int) -> Int64 {
        let body = Array(shape.body(count).utf8)
        let reader = JSONReader()
        return (0..<3).map { _ in
            let start = Self.processorTime()
            work(body, reader)
            return Self.processorTime() - start
        }.min() ?? 0
    }

    private func work(_ body: [UInt8], _ reader: JSONReader) {
        guard var request = try? ChatRequest(decoding: body, reader: reader) else { return }
        if let settings = request.facts.models.first?.settings {
            guard let changed = try? request.edited(RequestEdit(settings: settings), reader: reader) else { return }
            request = changed
        }
        _ = request.facts.inputTokens
        for (api, name) in Self.targets {
            let model = ProviderModel(name: "m", upstreamName: name, maxOutputTokens: 4096)
            _ = try? ProviderRequest.make(request, api: api, model: model, reader: reader)
        }
    }

    private static func processorTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
