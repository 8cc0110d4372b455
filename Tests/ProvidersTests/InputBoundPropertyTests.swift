import Chat
import Core
import Providers
import Testing

/// Whatever a client sends, the bound that a translated body carries is never below what a tokenizer makes of it that takes every byte for a
/// token, with the declared cost of each medium and of what the provider adds by itself.
@Suite struct InputBoundPropertyTests {
    private static let models: [(ProviderAPI, String)] = [
        (.openai, "gpt-4o"), (.azure, "gpt-4o"), (.anthropic, "claude-3-5-sonnet-20241022"), (.anthropic, "claude-opus-4-6"),
        (.gemini, "gemini-2.5-flash"), (.gemini, "gemini-3-pro"), (.bedrock, "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        (.bedrock, "amazon.nova-pro-v1:0"),
    ]

    @Test func theBoundIsNeverBelowTheBytesThatAreSent() throws {
        let seed = UInt64.random(in: .min ... .max)
        var bodies = RandomBodies(random: SplitMix(state: seed))
        let reader = JSONReader()
        var translated = 0
        for number in 0..<10_000 {
            let body = bodies.next()
            guard let request = try? ChatRequest(decoding: Array(body.utf8), reader: reader) else { continue }
            let (api, name) = Self.models[number % Self.models.count]
            let model = ProviderModel(name: "m", upstreamName: name, maxOutputTokens: 4096)
            guard let sent = try? ProviderRequest.make(request, api: api, model: model, reader: reader) else { continue }
            translated += 1
            let bill = try reader.read(sent.body) { root in ByteBill(root, bytes: sent.body.count, api) }
            guard sent.inputBound.tokens >= bill.tokens, sent.inputBound.hasFiles || !bill.hasFiles else {
                Issue.record(
                    "seed \(seed), body \(number), \(api): \(sent.inputBound) < \(bill)\n\(body)\n\(String(decoding: sent.body, as: UTF8.self))"
                )
                return
            }
        }
        #expect(translated > 4_000, "seed \(seed): most bodies must be taken, or nothing is proved")
    }

    /// What the decision counts with is not below what is sent, where a request is no more than its text, its media and its tools.
    @Test(arguments: [ProviderAPI.openai, .azure, .anthropic, .gemini, .bedrock])
    func theDecisionsBoundCoversUsualRequests(api: ProviderAPI) throws {
        let name = Self.models.first { $0.0 == api }?.1 ?? ""
        let tool =
            #"{"type":"function","function":{"name":"f","description":"Does it.","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}"#
        let bodies = [
            #"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
            #"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}],"stream":true,"max_tokens":5}"#,
            #"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[\#(tool)],"tool_choice":"auto"}"#,
            #"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}}]}]}"#,
            #"{"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"r"}],"tools":[\#(tool)]}"#,
            #"{"model":"m","messages":[\#((0..<30).map { #"{"role":"\#($0 % 2 == 0 ? "user" : "assistant")","content":"a"}"# }.joined(separator: ",")),{"role":"user","content":"\n\"q\"\n"}]}"#,
        ]
        for body in bodies {
            let reader = JSONReader()
            let request = try ChatRequest(decoding: Array(body.utf8), reader: reader)
            let sent = try ProviderRequest.make(request, api: api, model: ProviderModel(name: "m", upstreamName: name), reader: reader)
            let more = api == .openai || api == .azure ? 0 : request.facts.translationTokens
            #expect(
                request.facts.inputTokens.upperBound + more >= sent.inputBound.tokens,
                "\(body)\n\(String(decoding: sent.body, as: UTF8.self))")
        }
    }
}

/// What a provider bills that takes each byte for a token: told from the body that it got, by its own rules.
struct ByteBill: CustomStringConvertible {
    var tokens: Int
    var hasFiles = false

    var description: String { "\(tokens) tokens\(hasFiles ? " and files" : "")" }

    init(_ root: JSONValue, bytes: Int, _ api: ProviderAPI) {
        tokens = bytes
        visit(root, api)
        if api == .anthropic || api == .bedrock, root["tools"] != nil || root["toolConfig"] != nil { tokens += 530 }
    }

    private mutating func visit(_ value: JSONValue, _ api: ProviderAPI) {
        for element in value.elements { visit(element, api) }
        switch api {
        case .openai, .azure: visitOpenAI(value)
        case .anthropic:
            if value["type"]?.isString("image") == true { take(value["source"]?["data"], isImage: true) }
            if value["type"]?.isString("document") == true { take(value["source"]?["data"], isImage: false) }
        case .gemini:
            if let data = value["inlineData"] { take(data["data"], isImage: data["mimeType"]?.string?.hasPrefix("image/") == true) }
            if value["fileData"] != nil { hasFiles = true }
        case .bedrock:
            for name in ["image", "document", "audio"] as [StaticString] {
                if let bytes = value[name]?["source"]?["bytes"] { take(bytes, isImage: name.description == "image") }
            }
        }
        // Media stand in messages only; elsewhere everything is text.
        for (name, member) in value.members where !name.isString("tools") && !name.isString("toolConfig") { visit(member, api) }
    }

    private mutating func visitOpenAI(_ part: JSONValue) {
        guard let type = part["type"] else { return }
        if type.isString("image_url"), let url = (part["image_url"]?["url"] ?? part["image_url"])?.string {
            if url.hasPrefix("data:image/"), let comma = url.firstRange(of: ";base64,") { tokens -= url[comma.upperBound...].utf8.count }
            tokens += 5_000
        } else if type.isString("input_audio"), let data = part["input_audio"]?["data"]?.stringBytes {
            (tokens, hasFiles) = (tokens - data.count, true)
        } else if type.isString("file"), let file = part["file"] {
            hasFiles = true
            if let data = file["file_data"]?.string, let comma = data.firstRange(of: ";base64,") {
                tokens -= data[comma.upperBound...].utf8.count
            }
        } else if ["video_url", "audio_url", "document_url", "input_file"].contains(type.string) {
            hasFiles = true
        }
    }

    private mutating func take(_ data: JSONValue?, isImage: Bool) {
        tokens += (isImage ? 5_000 : 0) - (data?.stringBytes?.count ?? 0)
        hasFiles = hasFiles || !isImage
    }
}

/// Random bodies: all kinds of parts with decoys beside them, nested values, calls and results, tools, formats and settings.
struct RandomBodies {
    var random: SplitMix

    mutating func next() -> String {
        var members = [#""model":"m""#, #""messages":[\#(list(1...5) { $0.message() })]"#]
        if chance(0.4) { members.append(#""tools":[\#(list(1...4) { $0.tool() })]"#) }
        if chance(0.2) { members.append(#""response_format":\#(format())"#) }
        if chance(0.2) { members.append(#""stop":[\#(list(1...3) { $0.text() })]"#) }
        if chance(0.3) { members.append(#""temperature":\#(number())"#) }
        if chance(0.2) { members.append(#""user":\#(text())"#) }
        if chance(0.3) { members.append(#""max_tokens":\#(Int.random(in: 1...9000, using: &random))"#) }
        if chance(0.3) { members.append(#""stream":true"#) }
        if chance(0.2) { members.append(#""reasoning_effort":"\#(pick(["none", "low", "high"]))""#) }
        for index in 0..<Int.random(in: 0...3, using: &random) { members.append(#""x\#(index)":\#(value(3))"#) }
        members.shuffle(using: &random)
        return "{" + members.joined(separator: pick([",", " ,\n "])) + "}"
    }

    private mutating func message() -> String {
        var members: [String]
        switch Int.random(in: 0..<6, using: &random) {
        case 0: members = [#""role":"system""#, #""content":\#(text())"#]
        case 1:
            members = [#""role":"assistant""#, #""content":\#(chance(0.5) ? text() : "null")"#]
            if chance(0.7) { members.append(#""tool_calls":[\#(list(1...3) { $0.call() })]"#) }
            if chance(0.2) { members.append(#""reasoning_details":[\#(list(1...3) { $0.detail() })]"#) }
            if chance(0.1) { members.append(#""audio":{"id":"a"}"#) }
            if chance(0.2) { members.append(#""refusal":\#(text())"#) }
        case 2: members = [#""role":"tool""#, #""tool_call_id":"c\#(Int.random(in: 0...3, using: &random))""#, #""content":\#(content())"#]
        default: members = [#""role":"user""#, #""content":\#(content())"#]
        }
        if chance(0.2) { members.append(#""name":\#(text())"#) }
        if chance(0.2) { members.append(#""cache_control":{"type":"ephemeral","note":\#(value(2))}"#) }
        if chance(0.2) { members.append(#""extra":\#(value(3))"#) }
        return "{" + members.joined(separator: ",") + "}"
    }

    private mutating func content() -> String { chance(0.3) ? text() : "[\(list(1...4) { $0.part() })]" }

    private mutating func part() -> String {
        let png = "data:image/png;base64,iVBORw0KGgo\(String(repeating: "A", count: 4 * Int.random(in: 0...60, using: &random) + 1))"
        var members: [String]
        switch Int.random(in: 0..<12, using: &random) {
        case 0: members = [#""type":"image_url""#, #""image_url":{"url":"\#(png)"}"#]
        case 1: members = [#""type":"image_url""#, #""image_url":"\#(png)""#]
        case 2 where chance(0.2): members = [#""type":"image_url""#, #""image_url":{"url":"https://a.example/b.png"}"#]
        case 3 where chance(0.2): members = [#""type":"input_audio""#, #""input_audio":{"data":"AAAABBBB","format":"wav"}"#]
        case 4: members = [#""type":"file""#, #""file":{"filename":\#(text()),"file_data":"data:application/pdf;base64,JVBERi0xLjQK"}"#]
        case 5: members = [#""type":"refusal""#, #""refusal":\#(text())"#]
        case 6 where chance(0.1):
            members = [
                #""type":"\#(pick(["video_url", "audio_url", "document_url"]))""#, #""video_url":"https://a/b","audio_url":"https://a/b""#,
            ]
        case 7 where chance(0.1): members = [#""text":\#(text())"#]
        default: members = [#""type":"text""#, #""text":\#(text())"#]
        }
        // Decoys: whatever stands beside must not hide anything.
        let own = members.joined()
        let names = ["image_url", "input_audio", "file", "text", "refusal", "annotations", "cache_control", "video_url"]
        if chance(0.3) {
            for name in names where !own.contains(#""\#(name)":"#) && chance(0.3) {
                members.append(#""\#(name)":\#(name == "text" ? text() : value(2))"#)
            }
        }
        members.shuffle(using: &random)
        return "{" + members.joined(separator: ",") + "}"
    }

    private mutating func call() -> String {
        let arguments = chance(0.7) ? quoted(value(2, isObject: true)) : text()
        return
            #"{"id":"c\#(Int.random(in: 0...3, using: &random))","type":"function","function":{"name":\#(chance(0.8) ? "\"f\"" : text()),"arguments":\#(arguments)}}"#
    }

    private mutating func detail() -> String {
        chance(0.5)
            ? #"{"type":"reasoning.text","text":\#(text()),"signature":\#(text())}"#
            : #"{"type":"reasoning.encrypted","data":\#(text()),"id":"c1","n":\#(number())}"#
    }

    private mutating func tool() -> String {
        let cache = chance(0.2) ? #","cache_control":{"type":"ephemeral"}"# : ""
        return
            #"{"type":"function","function":{"name":"f\#(Int.random(in: 0...99, using: &random))","description":\#(text()),"parameters":\#(schema(3, isObject: true))}\#(cache)}"#
    }

    private mutating func format() -> String {
        chance(0.5)
            ? #"{"type":"json_object"}"#
            : #"{"type":"json_schema","json_schema":{"name":"r","schema":\#(schema(4, isObject: true)),"strict":\#(pick(["true", "false"]))}}"#
    }

    private mutating func schema(_ depth: Int, isObject: Bool = false) -> String {
        switch isObject ? 6 : Int.random(in: 0..<(depth > 0 ? 7 : 2), using: &random) {
        case 0: return #"{"type":"string","description":\#(text()),"pattern":\#(text()),"enum":["a",\#(text())]}"#
        case 1: return #"{"type":"number","minimum":\#(number()),"default":\#(number())}"#
        case 2: return #"{"type":"array","items":\#(schema(depth - 1)),"minItems":\#(Int.random(in: 0...9, using: &random))}"#
        case 3: return #"{"anyOf":[\#(list(1...2) { $0.schema(depth - 1) })]}"#
        default:
            let properties = list(1...3) { bodies in #""p\#(bodies.random.next() % 1000)":\#(bodies.schema(depth - 1))"# }
            return #"{"type":"object","properties":{\#(properties)},"required":["p1"],"$defs":{"d":{"type":"string"}}}"#
        }
    }

    private mutating func value(_ depth: Int, isObject: Bool = false) -> String {
        if isObject || depth > 0 && chance(0.5) {
            return "{" + list(0...3) { bodies in #""k\#(bodies.random.next() % 100_000)":\#(bodies.value(depth - 1))"# } + "}"
        }
        if depth > 0, chance(0.4) { return "[" + list(0...6) { $0.value(depth - 1) } + "]" }
        return pick([text(), number(), "true", "null"])
    }

    private mutating func number() -> String {
        pick(["0", "-1", "1e15", "1e22", "0.1", "1e-7", "1e400", "123456789012345678901234567890", "\(random.next())", "5e-324"])
    }

    /// A JSON string with escapes of every kind.
    private mutating func text() -> String {
        let pieces = [
            "a", "word ", "\\n", "\\b", "\\f", "\\u0001", "\\\"", "\\\\", "\\/", "é", "東", "\\u00e9", "\\ud83d\\ude00", "{", "\\t",
        ]
        return "\"" + (0..<Int.random(in: 1...12, using: &random)).map { _ in pick(pieces) }.joined() + "\""
    }

    /// JSON as a JSON string.
    private func quoted(_ json: String) -> String {
        var bytes: [UInt8] = []
        bytes.appendJSONString(json)
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func list(_ count: ClosedRange<Int>, _ make: (inout RandomBodies) -> String) -> String {
        (0..<Int.random(in: count, using: &random)).map { _ in make(&self) }.joined(separator: ",")
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }

    private mutating func pick(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }
}
