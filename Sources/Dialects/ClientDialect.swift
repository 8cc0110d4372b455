public import Chat

// A class, because every stage of a request refers to its dialect.
/// How clients ask and want to be answered: pure translation between their words and the gateway's. A dialect is a value of this type, in a folder of
/// its own; an endpoint names the one that it speaks.
public final class ClientDialect: Sendable {
    /// Bytes of a body → what is asked.
    /// - Throws: `invalid_request_error` naming the member that is wrong.
    public let decode: @Sendable (_ body: [UInt8], JSONReader) throws(GatewayError) -> ChatRequest
    /// How a stream is written.
    public let form: AnswerForm
    /// A whole answer → the body of the response.
    public let body: @Sendable (WholeAnswer) -> [UInt8]
    /// Appends what ends a stream that is whole.
    public let appendEnd: @Sendable (inout [UInt8]) -> Void
    /// Appends what ends a stream that failed.
    public let appendFailure: @Sendable (GatewayError, inout [UInt8]) -> Void

    init(
        decode: @escaping @Sendable ([UInt8], JSONReader) throws(GatewayError) -> ChatRequest, form: AnswerForm,
        body: @escaping @Sendable (WholeAnswer) -> [UInt8], appendEnd: @escaping @Sendable (inout [UInt8]) -> Void,
        appendFailure: @escaping @Sendable (GatewayError, inout [UInt8]) -> Void
    ) {
        (self.decode, self.form, self.body) = (decode, form, body)
        (self.appendEnd, self.appendFailure) = (appendEnd, appendFailure)
    }
}

extension ClientDialect {
    /// OpenAI's chat completions. Answers of providers that speak it too pass through.
    public static let chatCompletions = ClientDialect(
        decode: { (body, reader) throws(GatewayError) in try ChatRequest(decoding: body, reader: reader) },
        form: AnswerForm(passesChatCompletions: true) { ChatCompletionsWriter($0) },
        body: { answer in
            switch answer {
            case .chatCompletion(let bytes): bytes
            case .captured(let answer): ChatCompletion.body(answer)
            }
        },
        appendEnd: { SSE.appendDone(to: &$0) },
        appendFailure: { SSE.appendError($0, to: &$1) })
}
