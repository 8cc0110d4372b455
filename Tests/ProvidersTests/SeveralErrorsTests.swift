import Chat
import Core
import Testing

@testable import Providers

/// What a client hears of a provider that names several mistakes, and counts that are whole numbers with a point.
@Suite struct SeveralErrorsTests {
    private func said(_ body: String) -> ProviderError? { ErrorWords.read(Array(body.utf8), JSONReader()) }

    @Test func everyMistakeIsTold() {
        let error = said(
            #"{"detail":[{"loc":["body","messages",0,"role"],"msg":"Field required","type":"missing"},{"loc":["body","top_k"],"msg":"Input should be less than 10"}]}"#
        )
        #expect(error?.message == "messages.0.role: Field required; top_k: Input should be less than 10")
        #expect(error?.param == "messages.0.role")
        #expect(error?.type == "missing")
    }

    @Test(arguments: [
        (#"{"errors":["a is wrong","b is wrong"]}"#, "a is wrong; b is wrong"),
        (#"{"errors":[{"message":"same"},{"message":"same"}]}"#, "same"),
        (#"[{"error":{"message":"one"}},{"error":{"message":"two"}}]"#, "one; two"),
        (#"{"error":{"message":"alone"}}"#, "alone"), (#"{"detail":[{"loc":["body","n"],"msg":"alone"}]}"#, "alone"),
    ]) func theListIsJoined(body: String, message: String) { #expect(said(body)?.message == message) }

    @Test func noMoreThanSixteenAreTold() {
        let error = said("{\"errors\":[\((0..<100).map { "\"e\($0)\"" }.joined(separator: ","))]}")
        #expect(error?.message.hasSuffix("e15") == true)
    }

    @Test(arguments: [("10.0", 10), ("1e1", 10), ("0.0", nil), ("10.5", nil), ("-3.0", nil), ("1e300", nil)])
    func wholeNumbersMayHaveAPoint(
        text: String, count: Int64?
    ) throws {
        let reported = #"{"prompt_tokens":\#(text),"completion_tokens":2.0,"total_tokens":12.0}"#
        let answer = #"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],"usage":\#(reported)}"#
        let usage = try OpenAIAnswer.read(body: Array(answer.utf8), reader: JSONReader()).usage
        #expect(usage?.input == count)
        #expect(usage?.output == count.map { _ in 2 })
    }
}
