public import Chat

/// A whole (not streamed) answer of any wire.
public struct WireAnswer: Sendable {
    private enum Content: Sendable {
        case passing(OpenAIAnswer)
        case translated(TranslatedAnswer)
    }
    private let content: Content

    /// The tokens used; `nil` when the provider reported none, or none that can be true.
    public var usage: TokenUsage? {
        switch content {
        case .passing(let answer): answer.usage
        case .translated(let answer): answer.usage
        }
    }

    /// Why each choice ended, in the order of the answer.
    public var finishReasons: [OpenAIAnswer.FinishReason] {
        switch content {
        case .passing(let answer): answer.finishReasons
        case .translated(let answer): answer.finishReasons
        }
    }

    /// Reads an answer with status 200.
    /// - Throws: an error of the upstream when the body is no answer, or carries an error.
    public static func read(body: [UInt8], context: AnswerContext, reader: JSONReader) throws(GatewayError) -> WireAnswer {
        let content: Content =
            switch context.wire {
            case .openai, .azure: .passing(try OpenAIAnswer.read(body: body, reader: reader))
            case .anthropic: .translated(try Anthropic.answer(body, context, reader))
            case .gemini: .translated(try Gemini.answer(body, context, reader))
            case .bedrock: .translated(try Bedrock.answer(body, context, reader))
            }
        return WireAnswer(content: content)
    }

    private init(content: Content) { self.content = content }

    /// The answer for the client as a chat completion with `usage.cost`.
    /// - Parameters:
    ///   - body: what this was read from.
    ///   - estimate: stands in for the usage when the provider reported none that is believed.
    public func rendering(_ body: [UInt8], cost: NanoUSD, estimate: TokenUsage) -> [UInt8] {
        switch content {
        case .passing(let answer): answer.rendering(body, cost: cost, estimate: estimate)
        case .translated(let answer): answer.rendering(cost: cost, estimate: estimate)
        }
    }
}
