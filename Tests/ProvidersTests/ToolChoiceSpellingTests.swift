import Chat
import Testing

@testable import Providers

/// `tool_choice` in the words of several dialects.
@Suite struct ToolChoiceSpellingTests {
    private static let apis: [(ProviderAPI, String)] = [
        (.anthropic, "claude-3-5-sonnet-20241022"), (.gemini, "gemini-2.5-flash"), (.bedrock, "anthropic.claude-3-5-sonnet-20241022-v2:0"),
    ]

    private func body(_ choice: String, _ api: ProviderAPI, _ name: String) throws -> String {
        let text = #"""
            {"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":\#(choice)}
            """#
        let reader = JSONReader()
        let request = try ChatRequest(decoding: Array(text.utf8), reader: reader)
        let model = ProviderModel(name: "m", upstreamName: name, maxOutputTokens: 4096)
        return String(decoding: try ProviderRequest.make(request, api: api, model: model, reader: reader).body, as: UTF8.self)
    }

    @Test(arguments: [
        (#"{"type":"auto"}"#, #""auto""#), (#"{"type":"none"}"#, #""none""#), (#"{"type":"required"}"#, #""required""#),
        (#"{"type":"any"}"#, #""required""#), (#""any""#, #""required""#),
        (#"{"type":"function","name":"f"}"#, #"{"type":"function","function":{"name":"f"}}"#),
        (#"{"type":"tool","name":"f"}"#, #"{"type":"function","function":{"name":"f"}}"#),
    ]) func otherWordsMeanTheSame(spelled: String, plain: String) throws {
        for (api, name) in Self.apis { #expect(try body(spelled, api, name) == body(plain, api, name), "\(name)") }
    }

    @Test(arguments: [
        #"{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}"#,
        #"{"type":"custom","custom":{"name":"f"}}"#, #"{"type":"function"}"#, #"{"type":"tool"}"#, #""sometimes""#, "{}",
    ]) func whatNoWireCanSayIsRefusedByName(choice: String) throws {
        for (api, name) in Self.apis {
            let error = #expect(throws: GatewayError.self, "\(name)") { try body(choice, api, name) }
            #expect(error?.param == "tool_choice")
        }
        #expect(try body(choice, .openai, "gpt-4o").contains(choice))
    }
}
