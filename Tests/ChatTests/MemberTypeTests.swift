import Testing

@testable import Chat

/// Well-known members of a wrong type are refused with the member's name, whatever the provider would make of them.
@Suite struct MemberTypes {
    private static func body(_ members: String, message: String = #"{"role":"user","content":"hi"}"#) -> String {
        #"{"model":"m","messages":[{"role":"system","content":"s"},\#(message)]\#(members.isEmpty ? "" : "," + members)}"#
    }

    private static let members: [(member: String, param: String)] = [
        (#""temperature":"hot""#, "temperature"), (#""temperature":true"#, "temperature"), (#""top_p":[1]"#, "top_p"),
        (#""presence_penalty":"1""#, "presence_penalty"), (#""frequency_penalty":{}"#, "frequency_penalty"), (#""seed":"1""#, "seed"),
        (#""seed":1.5"#, "seed"), (#""logprobs":1"#, "logprobs"), (#""top_logprobs":"2""#, "top_logprobs"), (#""n":"2""#, "n"),
        (#""n":1.5"#, "n"),
        (#""max_tokens":"10""#, "max_tokens"), (#""max_tokens":[10]"#, "max_tokens"),
        (#""max_completion_tokens":1.5"#, "max_completion_tokens"),
        (#""stop":5"#, "stop"), (#""stop":{"a":1}"#, "stop"), (#""stop":["a",5]"#, "stop.1"), (#""stop":[["a"]]"#, "stop.0"),
        (#""stop":["a",null]"#, "stop.1"), (#""logit_bias":"50256""#, "logit_bias"), (#""logit_bias":[1]"#, "logit_bias"),
        (#""logit_bias":{"50256":"-100"}"#, "logit_bias.50256"), (#""user":["a"]"#, "user"), (#""user":7"#, "user"),
        (#""user":{}"#, "user"),
        (#""metadata":["a"]"#, "metadata"), (#""metadata":"a""#, "metadata"), (#""metadata":{"a":1}"#, "metadata.a"),
        (#""metadata":{"a":{}}"#, "metadata.a"), (#""store":"yes""#, "store"), (#""stream":"true""#, "stream"), (#""stream":1"#, "stream"),
        (#""stream":true,"stream_options":"include_usage""#, "stream_options"), (#""stream":true,"stream_options":[1]"#, "stream_options"),
        (#""stream":true,"stream_options":{"include_usage":"yes"}"#, "stream_options.include_usage"),
        (#""stream":true,"stream_options":{"include_obfuscation":1}"#, "stream_options.include_obfuscation"),
        (#""modalities":"text""#, "modalities"), (#""modalities":[1]"#, "modalities.0"), (#""audio":"wav""#, "audio"),
        (#""audio":{"format":1,"voice":"x"}"#, "audio.format"), (#""service_tier":1"#, "service_tier"),
        (#""reasoning_effort":3"#, "reasoning_effort"),
        (#""reasoning_effort":{"effort":"low"}"#, "reasoning_effort"), (#""verbosity":1"#, "verbosity"),
        (#""prediction":"x""#, "prediction"),
        (#""prediction":{"type":1}"#, "prediction.type"), (#""prediction":{"type":"content","content":3}"#, "prediction.content"),
        (#""web_search_options":true"#, "web_search_options"), (#""parallel_tool_calls":"no""#, "parallel_tool_calls"),
        (#""safety_identifier":1"#, "safety_identifier"), (#""prompt_cache_key":{}"#, "prompt_cache_key"), (#""top_k":"5""#, "top_k"),
        (#""tools":{"a":1}"#, "tools"), (#""tools":"a""#, "tools"), (#""tools":["a"]"#, "tools.0"),
        (#""tools":[{"type":1}]"#, "tools.0.type"),
        (#""tools":[{"type":"function","function":"f"}]"#, "tools.0.function"),
        (#""tools":[{"type":"function","function":[1]}]"#, "tools.0.function"),
        (#""tools":[{"type":"function","function":{"name":5}}]"#, "tools.0.function.name"),
        (#""tools":[{"type":"function","function":{"name":"f","description":["d"]}}]"#, "tools.0.function.description"),
        (#""tools":[{"type":"function","function":{"name":"f","parameters":"{}"}}]"#, "tools.0.function.parameters"),
        (#""tools":[{"type":"function","function":{"name":"f","parameters":[1]}}]"#, "tools.0.function.parameters"),
        (#""tools":[{"type":"function","function":{"name":"f","strict":"yes"}}]"#, "tools.0.function.strict"),
        (#""tools":[{"type":"custom","custom":{"name":1}}]"#, "tools.0.custom.name"), (#""functions":{"a":1}"#, "functions"),
        (#""functions":[{"name":5}]"#, "functions.0.name"), (#""functions":[{"name":"f","parameters":"x"}]"#, "functions.0.parameters"),
        (#""function_call":1"#, "function_call"), (#""function_call":{"name":1}"#, "function_call.name"),
        (#""tool_choice":1"#, "tool_choice"),
        (#""tool_choice":["auto"]"#, "tool_choice"), (#""tool_choice":{"type":1}"#, "tool_choice.type"),
        (#""tool_choice":{"type":"function","function":"f"}"#, "tool_choice.function"),
        (#""tool_choice":{"type":"function","function":{"name":3}}"#, "tool_choice.function.name"),
        (#""response_format":"json""#, "response_format"),
        (#""response_format":{"type":1}"#, "response_format.type"),
        (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
        (#""response_format":{"type":"json_schema","json_schema":"{}"}"#, "response_format.json_schema"),
        (#""response_format":{"type":"json_schema","json_schema":{"name":1}}"#, "response_format.json_schema.name"),
        (#""response_format":{"type":"json_schema","json_schema":{"name":"a","schema":"{}"}}"#, "response_format.json_schema.schema"),
        (
            #""response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{},"strict":"yes"}}"#,
            "response_format.json_schema.strict"
        ),
    ]

    @Test(arguments: members)
    func aMemberOfAWrongType_isRefusedByName(member: String, param: String) {
        #expect(refusal(Self.body(member)) == param)
    }

    private static let messages: [(message: String, param: String)] = [
        (#"{"role":5,"content":"a"}"#, "role"), (#"{"role":"wizard","content":"a"}"#, "role"), (#"{"content":"a"}"#, "role"),
        (#"{"role":"user","content":5}"#, "content"), (#"{"role":"user","content":{"type":"text"}}"#, "content"),
        (#"{"role":"user","content":["a"]}"#, "content.0"), (#"{"role":"user","content":[{"type":5}]}"#, "content.0.type"),
        (#"{"role":"user","content":[{"type":"text"}]}"#, "content.0.text"),
        (#"{"role":"user","content":[{"type":"text","text":7}]}"#, "content.0.text"),
        (#"{"role":"user","content":[{"type":"text","text":null}]}"#, "content.0.text"),
        (#"{"role":"user","content":[{"text":7}]}"#, "content.0.text"),
        (#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"}]}"#, "content.1.image_url"),
        (#"{"role":"user","content":[{"type":"image_url","image_url":5}]}"#, "content.0.image_url"),
        (#"{"role":"user","content":[{"type":"image_url","image_url":{}}]}"#, "content.0.image_url.url"),
        (#"{"role":"user","content":[{"type":"image_url","image_url":{"url":5}}]}"#, "content.0.image_url.url"),
        (#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b","detail":1}}]}"#, "content.0.image_url.detail"),
        (#"{"role":"user","content":[{"type":"input_audio"}]}"#, "content.0.input_audio"),
        (#"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":5,"format":"wav"}}]}"#, "content.0.input_audio.data"),
        (#"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA","format":5}}]}"#, "content.0.input_audio.format"),
        (#"{"role":"user","content":[{"type":"file"}]}"#, "content.0.file"),
        (#"{"role":"user","content":[{"type":"file","file":{}}]}"#, "content.0.file"),
        (#"{"role":"user","content":[{"type":"file","file":{"file_data":5}}]}"#, "content.0.file.file_data"),
        (#"{"role":"user","content":[{"type":"file","file":{"file_id":"f","filename":5}}]}"#, "content.0.file.filename"),
        (#"{"role":"user","content":[{"type":"video_url"}]}"#, "content.0.video_url"),
        (#"{"role":"assistant","content":[{"type":"refusal","refusal":5}]}"#, "content.0.refusal"),
        (#"{"role":"user","content":"a","name":5}"#, "name"),
        (#"{"role":"user","content":"a","name":["x"]}"#, "name"), (#"{"role":"tool","content":"a","tool_call_id":5}"#, "tool_call_id"),
        (#"{"role":"assistant","content":"a","refusal":5}"#, "refusal"), (#"{"role":"assistant","content":"a","audio":"id"}"#, "audio"),
        (#"{"role":"assistant","tool_calls":{"id":"a"}}"#, "tool_calls"), (#"{"role":"assistant","tool_calls":["a"]}"#, "tool_calls.0"),
        (#"{"role":"assistant","tool_calls":[{"id":5,"type":"function","function":{"name":"f","arguments":""}}]}"#, "tool_calls.0.id"),
        (#"{"role":"assistant","tool_calls":[{"id":"a","type":5,"function":{"name":"f","arguments":""}}]}"#, "tool_calls.0.type"),
        (#"{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":"f"}]}"#, "tool_calls.0.function"),
        (
            #"{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":5,"arguments":""}}]}"#,
            "tool_calls.0.function.name"
        ),
        (
            #"{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":{"a":[1]}}}]}"#,
            "tool_calls.0.function.arguments"
        ),
        (#"{"role":"assistant","function_call":"f"}"#, "function_call"),
        (#"{"role":"assistant","function_call":{"name":"f","arguments":{"a":1}}}"#, "function_call.arguments"),
    ]

    @Test(arguments: messages)
    func aMessageWithAWrongType_isRefusedByItsPlace(message: String, param: String) {
        #expect(refusal(Self.body("", message: message)) == "messages.1." + param)
    }

    @Test(arguments: [
        #""stop":null,"logit_bias":null,"user":null,"metadata":null,"tools":null,"tool_choice":null,"response_format":null"#,
        #""stop":[],"logit_bias":{},"tools":[],"functions":[],"modalities":[]"#,
        #""temperature":3,"top_p":7,"n":128,"presence_penalty":-9"#,
        #""stop":"a","logit_bias":{"1":-100,"2":0.5}"#,
        #""tool_choice":"auto","tools":[{"type":"function","function":{"name":"f","parameters":null}}]"#,
        #""tools":[{"type":"something_new","whatever":1}]"#, #""some_new_member":{"a":[1,"b",null]}"#,
    ])
    func whatIsRightOrTheProvidersAffair_passes(members: String) {
        #expect(refusal(Self.body(members)) == nil)
    }

    @Test(arguments: [
        #"{"role":"assistant","content":null,"tool_calls":null,"function_call":null,"refusal":null,"audio":null,"name":null,"annotations":[]}"#,
        #"{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
        #"{"role":"user","content":[{"type":"image_url","image_url":"https://a/b.png"},{"type":"new_kind","new_kind":5},{"text":"a"}]}"#,
        #"{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]}"#,
    ])
    func messagesAsLibrariesSendThem_pass(message: String) {
        #expect(refusal(Self.body("", message: message)) == nil)
    }

    @Test func settingsOfAModelHaveABound() {
        let settings = (0..<300).map { #""s\#($0)":0"# }.joined(separator: ",")
        #expect(
            refusal(#"{"model":{"model":"m","settings":{\#(settings)}},"messages":[{"role":"user","content":"a"}]}"#) == "model.settings")
    }

    private func refusal(_ text: String) -> String? {
        do {
            _ = try ChatRequest(decoding: Array(text.utf8), reader: JSONReader())
            return nil
        } catch { return error.code == .invalidRequest ? error.param : "another error: \(error)" }
    }
}
