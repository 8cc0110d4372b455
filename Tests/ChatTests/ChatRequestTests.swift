import Chat
import Testing

private func decode(_ text: String) throws -> ChatRequest { try ChatRequest(decoding: Array(text.utf8), reader: JSONReader()) }

private func upstream(_ text: String) throws -> String {
    String(decoding: try decode(text).upstreamBody(model: Array("\"up\"".utf8)), as: UTF8.self)
}

private let hello = #""messages":[{"role":"user","content":"hi"}]"#

@Suite struct ChatRequestFacts {
    @Test func plain() throws {
        let request = try decode(#"{"model":"gpt",\#(hello)}"#)
        #expect(request.facts.model == "gpt")
        #expect(!request.facts.stream && !request.wantsUsageChunk && !request.facts.hasTools)
        #expect(request.facts.maxOutputTokens == nil)
        #expect(request.facts.choices == 1)
        #expect(request.facts.user == nil && request.facts.metadata.isEmpty)
        #expect(request.promptBytes == 2 && request.messageCount == 1)
    }

    @Test func everything() throws {
        let request = try decode(
            #"{"stream":true,"stream_options":{"include_usage":true},"model":"m",\#(hello),"max_tokens":5,"max_completion_tokens":7,"n":3,"user":"u","#
                + #""metadata":{"a":"b","c":"d"},"tools":[{"type":"function","function":{"name":"f"}}],"temperature":0.5,"stop":"x","seed":-1}"#
        )
        #expect(request.facts.stream && request.wantsUsageChunk && request.facts.hasTools)
        #expect(request.facts.maxOutputTokens == 7)
        #expect(request.facts.choices == 3)
        #expect(request.facts.user == "u")
        #expect(request.facts.metadata == ["a": "b", "c": "d"])
    }

    @Test(arguments: [#"["m"]"#, #"[{"model":"m"}]"#, #"[{"model":"m","settings":{}}]"#, #"[{"model":"m","settings":null}]"#, #""\u006d""#])
    func modelForms(model: String) throws {
        let request = try decode(#"{"model":\#(model),\#(hello)}"#)
        #expect(request.facts.model == "m")
        #expect(String(decoding: request.upstreamBody(model: Array("\"up\"".utf8)), as: UTF8.self) == #"{"model":"up",\#(hello)}"#)
    }

    @Test func usageIsWantedOnlyOfStreams() throws {
        #expect(try !decode(#"{"model":"m",\#(hello),"stream_options":{"include_usage":true}}"#).wantsUsageChunk)
        #expect(try !decode(#"{"model":"m",\#(hello),"stream":true,"stream_options":{"include_usage":null}}"#).wantsUsageChunk)
    }

    @Test(
        arguments: [
            (#""max_tokens":5,"max_completion_tokens":7,"n_predict":9"#, 9, 1), (#""n_predict":3"#, 3, 1), (#""n":2,"n_cmpl":5"#, nil, 5),
            (#""n_cmpl":5,"n":2"#, nil, 5),
        ] as [(String, Int64?, Int)])
    func theLargestOfSeveralNamesCounts(members: String, limit: Int64?, choices: Int) throws {
        let request = try decode(#"{"model":"m",\#(hello),\#(members)}"#)
        #expect(request.facts.maxOutputTokens == limit && request.facts.choices == choices)
    }

    /// Servers differ in which of several names they heed: one goes out.
    @Test func aLowerLimitReplacesThemAll() throws {
        let request = try decode(#"{"model":"m",\#(hello),"n_predict":90,"max_tokens":80}"#)
        let body = request.upstreamBody(model: Array("\"up\"".utf8), outputLimit: OutputLimit(tokens: 7, upstreamModel: "up"))
        #expect(String(decoding: body, as: UTF8.self) == #"{"model":"up",\#(hello),"max_tokens":7}"#)
    }

    @Test(
        arguments: [
            (#""service_tier":"priority""#, nil), (#""service_tier":"turbo""#, "service_tier"), (#""service_tier":"flex""#, nil),
            (#""modalities":["text"]"#, nil),
            (#""modalities":["audio"]"#, nil), (#""modalities":["video"]"#, "modalities"), (#""search_parameters":{"mode":"off"}"#, nil),
            (#""search_parameters":{}"#, "search_parameters"),
            (#""best_of":1"#, nil), (#""best_of":2"#, "best_of"), (#""web_search_options":{}"#, "web_search_options"),
            (#""plugins":null"#, nil),
            (#""tools":[{"type":"function"},{"type":"custom"}]"#, nil), (#""tools":[{"type":"function"},{"type":"web_search"}]"#, "tools"),
        ] as [(String, String?)])
    func whatCostsMoreThanTokens(member: String, surcharge: String?) throws {
        let text = #"{"model":"m",\#(hello),\#(member)}"#
        #expect(try decode(text).surcharge == surcharge)
        if !member.hasSuffix("null") { #expect(try upstream(text).contains(member), "it is passed on") }
    }

    @Test(
        arguments: [
            (#""reasoning_effort":"high""#, true), (#""reasoning_effort":"none""#, false), (#""thinking":{"type":"enabled"}"#, true),
            (#""thinking":{"type":"disabled"}"#, false), (#""reasoning":{"effort":"none"}"#, false),
            (#""reasoning":{"enabled":false}"#, false),
            (#""reasoning":{"max_tokens":9}"#, true), (#""reasoning_effort":null"#, nil),
            (#""thinking":{"type":"enabled"},"reasoning_effort":"none""#, true),
        ] as [(String, Bool?)])
    func whetherItIsToThink(member: String, asks: Bool?) throws {
        #expect(try decode(#"{"model":"m",\#(hello),\#(member)}"#).facts.asksToReason == asks)
    }

    @Test(
        arguments: [
            (#"{"type":"text","text":"abc"}"#, 3, 0, false), (#"{"type":"image_url","image_url":{"url":"https://a/b.png"}}"#, 0, 1, false),
            // What is neither an image in base64 nor on the web may be anything.
            (#"{"type":"image_url","text":"abc","image_url":{"url":"data:"}}"#, 0, 1, true),
            (#"{"type":"input_audio","text":"","input_audio":{"data":"abcd"}}"#, 34, 0, true),
            (#"{"type":"file","file":{"file_id":"f"}}"#, 20, 0, true), (#"{"type":"text","text":"abc","file":{}}"#, 3, 0, true),
            (#"{"type":"video_url","video_url":{"url":"u"}}"#, 26, 0, true),
        ] as [(String, Int, Int, Bool)])
    func partsOfMessages(part: String, bytes: Int, images: Int, hasFiles: Bool) throws {
        let request = try decode(#"{"model":"m","messages":[{"role":"user","content":[\#(part)]}]}"#)
        #expect(request.promptBytes == bytes && request.media.images == images && request.facts.hasFiles == hasFiles)
    }

    @Test func whatTheDedalusRunnerSends() throws {
        let text =
            #"{"model":["openai/gpt-4"],"credentials":null,"mcp_servers":[],"messages":[{"role":"user","content":"..."}],"tools":null}"#
        #expect(try decode(text).facts.model == "openai/gpt-4")
        #expect(try upstream(text) == #"{"model":"up","messages":[{"role":"user","content":"..."}]}"#)
    }
}

@Suite struct ChatRequestRefusals {
    private static let cases: [(body: String, param: String?)] = [
        (#"{"model":"m",\#(hello),"N":2}"#, "N"), (#"{"MODEL":"x","model":"m",\#(hello)}"#, "MODEL"),
        (#"{"model":"m",\#(hello),"n_predict":-1}"#, "n_predict"), (#"{"model":"m",\#(hello),"Api_Key":"k"}"#, "Api_Key"),
        (#"{"model":"m",\#(hello),"max_to\u212aens":2}"#, "max_to\u{212A}ens"),
        (#"{"model":"m",\#(hello),"\u017ftream":true}"#, "\u{17F}tream"),
        ("[]", nil), ("1", nil), ("{}", "model"), (#"{"model":"m"}"#, "messages"), (#"{\#(hello)}"#, "model"),
        (#"{"model":null,\#(hello)}"#, "model"), (#"{"model":5,\#(hello)}"#, "model"), (#"{"model":"",\#(hello)}"#, "model"),
        (#"{"model":["a",5],\#(hello)}"#, "model.1"), (#"{"model":[{}],\#(hello)}"#, "model.0"), (#"{"model":[],\#(hello)}"#, "model"),
        (#"{"model":[{"model":"m","settings":7}],\#(hello)}"#, "model.0.settings"),
        (#"{"model":[{"model":"m","settings":{"stream":true}}],\#(hello)}"#, "model.0.settings.stream"),
        (#"{"model":[\#((0..<17).map { "\"m\($0)\"" }.joined(separator: ","))],\#(hello)}"#, "model"),
        (#"{"model":"m","messages":[]}"#, "messages"), (#"{"model":"m","messages":null}"#, "messages"),
        (#"{"model":"m","messages":"hi"}"#, "messages"), (#"{"model":"m","messages":{}}"#, "messages"),
        (#"{"model":"m","messages":[1]}"#, "messages.0"),
        (#"{"model":"m","messages":[{"role":"user"},{"role":"user"},{"role":"king"}]}"#, "messages.2.role"),
        (#"{"model":"m","messages":[{"content":"x"}]}"#, "messages.0.role"), (#"{"model":"m","messages":[{"role":1}]}"#, "messages.0.role"),
        (#"{"model":"m","messages":[{"role":"user","content":5}]}"#, "messages.0.content"),
        (#"{"model":"m","messages":[{"role":"user","content":[{},"x"]}]}"#, "messages.0.content.1"),
        (#"{"model":"m","model":"m",\#(hello)}"#, "model"), (#"{"model":"m","mod\u0065l":"m",\#(hello)}"#, "model"),
    ]

    private static let members: [(member: String, param: String)] = [
        (#""temperature":"hot""#, "temperature"), (#""top_p":true"#, "top_p"), (#""stream":"yes""#, "stream"), (#""stream":1"#, "stream"),
        (#""max_tokens":0"#, "max_tokens"), (#""max_tokens":1.5"#, "max_tokens"), (#""max_tokens":-1"#, "max_tokens"),
        (#""max_completion_tokens":"9""#, "max_completion_tokens"), (#""max_tokens":99999999999999999999"#, "max_tokens"),
        (#""n":0"#, "n"), (#""n":129"#, "n"), (#""n":1e2"#, "n"), (#""n":"1""#, "n"), (#""seed":0.5"#, "seed"), (#""stop":5"#, "stop"),
        (#""logit_bias":[1]"#, "logit_bias"), (#""response_format":"json""#, "response_format"), (#""tool_choice":1"#, "tool_choice"),
        (#""user":5"#, "user"), (#""metadata":"x""#, "metadata"), (#""metadata":{"a":1}"#, "metadata.a"),
        (#""metadata":{"a":"\#(String(repeating: "x", count: 513))"}"#, "metadata.a"),
        (#""metadata":{"\#(String(repeating: "x", count: 65))":"a"}"#, "metadata"),
        ("\"metadata\":{" + (0..<17).map { "\"k\($0)\":\"\"" }.joined(separator: ",") + "}", "metadata"),
        (#""user":"\#(String(repeating: "é", count: 129))""#, "user"), (#""stream_options":true"#, "stream_options"),
        (#""stream_options":{"include_usage":"yes"}"#, "stream_options.include_usage"), (#""tools":{}"#, "tools"),
        (#""tools":[{}]"#, "tools.0.type"),
        (#""tools":[{"type":"function"},{"type":"mcp"}]"#, "tools.1.type"), (#""functions":{}"#, "functions"),
        (#""models":5"#, "models"), (#""models":[""]"#, "models.0"), (#""mcp_servers":[5]"#, "mcp_servers.0"),
        (#""mcp_servers":"a""#, "mcp_servers"), (#""mcp_servers":["https://h/mcp"]"#, "mcp_servers.0"),
        (#""mcp_servers":[{"url":"http://h"}]"#, "mcp_servers.0.url"), (#""max_turns":101"#, "max_turns"),
        (#""max_cost":-0.5"#, "max_cost"), (#""max_cost":"a lot""#, "max_cost"), (#""max_cost":1e300"#, "max_cost"),
        (#""max_turns":0"#, "max_turns"),
        (#""credentials":{"a":"b"}"#, "credentials"), (#""api_base":"http://x""#, "api_base"), (#""base_url":"http://x""#, "base_url"),
        (#""api_key":"k""#, "api_key"), (#""headers":{}"#, "headers"), (#""proxy":"p""#, "proxy"), (#""organization":"o""#, "organization"),
        (#""api\u005fkey":"k""#, "api_key"),
    ]

    private func expectRefusal(_ body: String, _ param: String?) {
        let error = #expect(throws: GatewayError.self, "\(body)") { try decode(body) }
        #expect(error?.code == .invalidRequest, "\(body)")
        #expect(error?.param == param, "\(body)")
    }

    @Test(arguments: cases.indices) func body(index: Int) { expectRefusal(Self.cases[index].body, Self.cases[index].param) }

    @Test(arguments: members.indices) func member(index: Int) {
        let (member, param) = Self.members[index]
        expectRefusal(#"{"model":"m",\#(hello),\#(member)}"#, param)
        expectRefusal(#"{\#(member) , "model":"m",\#(hello)}"#, param)
    }
}

@Suite struct ChatRequestSplice {
    private static let golden: [(String, String)] = [
        (#"{"model":"m",\#(hello)}"#, #"{"model":"up",\#(hello)}"#),
        (#"{\#(hello),"model":"m"}"#, #"{\#(hello),"model":"up"}"#),
        (#"{"x":1,"model":"m",\#(hello)}"#, #"{"x":1,"model":"up",\#(hello)}"#),
        ("\r\n{ \"model\" :\t\"m\" , \(hello)\n, \"x\" : [ 1 , 2 ]\n}\n", "{\"model\" :\t\"up\" , \(hello)\n, \"x\" : [ 1 , 2 ]}"),
        (#"{"mod\u0065l":"m",\#(hello)}"#, #"{"mod\u0065l":"up",\#(hello)}"#),
        (#"{"user":"u","model":"m","metadata":{},\#(hello),"x":null}"#, #"{"model":"up",\#(hello)}"#),
        (#"{"a":1,"b":null,"c":[],"model":"m","d":[ ],"e":{},\#(hello)}"#, #"{"a":1,"model":"up","e":{},\#(hello)}"#),
        (#"{"model":"m",\#(hello),"guardrails":[{}],"handoff_mode":true}"#, #"{"model":"up",\#(hello)}"#),
        (#"{"model":"m",\#(hello),"stream_options":{"include_usage":true}}"#, #"{"model":"up",\#(hello)}"#),
        (#"{"model":"m",\#(hello),"stream":true}"#, #"{"model":"up",\#(hello),"stream":true,"stream_options":{"include_usage":true}}"#),
        (
            #"{"stream":true,"user":"u",\#(hello),"model":"m"}"#,
            #"{"stream":true,\#(hello),"model":"up","stream_options":{"include_usage":true}}"#
        ),
        (
            #"{"stream_options":{"include_usage":false,"x":1},"model":"m",\#(hello),"stream":true}"#,
            #"{"stream_options":{"include_usage":true,"x":1},"model":"up",\#(hello),"stream":true}"#
        ),
        (
            #"{"model":"m",\#(hello),"stream_options":{ "x":1},"stream":true}"#,
            #"{"model":"up",\#(hello),"stream_options":{"include_usage":true, "x":1},"stream":true}"#
        ),
        (
            #"{"model":"m",\#(hello),"stream_options":{ },"stream":true}"#,
            #"{"model":"up",\#(hello),"stream_options":{"include_usage":true },"stream":true}"#
        ),
        (
            #"{"model":"m",\#(hello),"stream":true,"stream_options":null}"#,
            #"{"model":"up",\#(hello),"stream":true,"stream_options":{"include_usage":true}}"#
        ),
        (
            #"{"model":"m",\#(hello),"big":123456789012345678901234567890}"#,
            #"{"model":"up",\#(hello),"big":123456789012345678901234567890}"#
        ),
    ]

    @Test(arguments: golden.indices) func goldenCase(index: Int) throws {
        #expect(try upstream(Self.golden[index].0) == Self.golden[index].1)
    }

    /// Random bodies: the spliced text parses, and its members are exactly those that should be there, byte for byte.
    @Test func property() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        for round in 0..<2_000 {
            let body = RandomBody.make(&random)
            let text = try upstream(body.text)
            let members = try JSONReader().read(Array(text.utf8)) { root in
                (root.rawMembers.map(Array.init) ?? []).map { String(decoding: Array(text.utf8)[$0.range], as: UTF8.self) }
            }
            #expect(members == body.expected, "seed \(seed), round \(round): \(body.text)")
        }
    }
}

/// A body of random order, white space and extra members, with what must remain of it.
private struct RandomBody {
    var text: String
    var expected: [String]

    static func make(_ random: inout SplitMix) -> RandomBody {
        let isStream = Bool.random(using: &random)
        var members: [(text: String, kept: String?)] = [("\"model\":\"m\"", "\"model\":\"up\""), (hello, hello)]
        if isStream { members.append((#""stream":true"#, #""stream":true"#)) }
        let extras: [(String, String?)] = [
            (#""user":"a,}\"b""#, nil), (#""metadata":{"a":"]"}"#, nil), (#""x":null"#, nil), (#""y":[ ]"#, nil),
            (#""z":{"a":[{}],"b":"{"}"#, #""z":{"a":[{}],"b":"{"}"#),
            (#""w" : -1.5e3"#, #""w" : -1.5e3"#), (#""v":"\\""#, #""v":"\\""#), (#""guardrails":[1]"#, nil),
            (#""u":[[],[]]"#, #""u":[[],[]]"#), (#""":"é\u00e9""#, #""":"é\u00e9""#),
        ]
        members += extras.filter { _ in Bool.random(using: &random) }.map { (text: $0.0, kept: $0.1) }
        members.shuffle(using: &random)
        let padded = members.map { space(&random) + $0.text + space(&random) }
        let text = space(&random) + "{" + padded.joined(separator: ",") + "}" + space(&random)
        let added = isStream ? [#""stream_options":{"include_usage":true}"#] : []
        return RandomBody(text: text, expected: members.compactMap(\.kept) + added)
    }

    private static func space(_ random: inout SplitMix) -> String {
        ["", "", " ", "\n", "\t\r\n "].randomElement(using: &random) ?? ""
    }
}

/// A small generator with a printable seed.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
