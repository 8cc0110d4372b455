public import Chat
public import Core

/// A whole (not streamed) answer of any provider API.
public struct ProviderAnswer: Sendable {
    private enum Content: Sendable {
        case passing(OpenAIAnswer)
        case translated(TranslatedAnswer)
    }
    private let content: Content
    /// The provider's body where it was nearly JSON and could be mended.
    private let mended: [UInt8]?

    /// The tokens used; `nil` when the provider reported none, or none that can be true.
    public var usage: TokenUsage? {
        switch content {
        case .passing(let answer): answer.usage
        case .translated(let answer): answer.usage
        }
    }

    /// The least that was reported of the usage, believed or not; `nil` when nothing was.
    public var reportedAtLeast: TokenUsage? {
        switch content {
        case .passing(let answer): answer.reportedAtLeast
        case .translated(let answer): answer.reportedAtLeast
        }
    }

    /// Why each choice ended, in the order of the answer.
    public var finishReasons: [FinishReason] {
        switch content {
        case .passing(let answer): answer.finishReasons
        case .translated(let answer): answer.finishReasons
        }
    }

    /// Reads an answer with status 200.
    /// - Throws: an error of the upstream when the body is not an answer, or carries an error.
    public static func read(body: [UInt8], context: AnswerContext, reader: JSONReader) throws(GatewayError) -> ProviderAnswer {
        do throws(GatewayError) { return ProviderAnswer(content: try content(body, context, reader), mended: nil) } catch {
            guard let mended = body.withUnsafeBytes(JSONMending.mended), let content = try? content(mended, context, reader) else {
                throw error
            }
            return ProviderAnswer(content: content, mended: mended)
        }
    }

    private static func content(_ body: [UInt8], _ context: AnswerContext, _ reader: JSONReader) throws(GatewayError) -> Content {
        switch context.api {
        case .openai, .azure: .passing(try OpenAIAnswer.read(body: body, reader: reader))
        case .anthropic: .translated(try Anthropic.answer(body, context, reader))
        case .gemini: .translated(try Gemini.answer(body, context, reader))
        case .bedrock: .translated(try Bedrock.answer(body, context, reader))
        }
    }

    /// The answer with its bill.
    /// - Parameters:
    ///   - body: what this was read from.
    ///   - estimate: stands in for the usage when the provider reported none that is believed.
    public func billed(_ body: [UInt8], cost: NanoUSD, estimate: TokenUsage) -> WholeAnswer {
        switch content {
        case .passing(let answer): .chatCompletion(answer.rendering(mended ?? body, cost: cost, estimate: estimate))
        case .translated(let answer): .captured(answer.captured(cost: cost, estimate: estimate))
        }
    }

    /// The answer with its bill, in no dialect.
    /// - Parameters: those of ``billed(_:cost:estimate:)``.
    public func captured(
        _ body: [UInt8], _ context: AnswerContext, cost: NanoUSD, estimate: TokenUsage, reader: JSONReader
    ) -> CapturedAnswer {
        switch content {
        case .translated(let answer): return answer.captured(cost: cost, estimate: estimate)
        case .passing(let answer):
            let capture = AnswerCapture(context.identity)
            var retelling = OpenAIRetelling(context)
            let completion = answer.rendering(mended ?? body, cost: cost, estimate: estimate)
            // It was read before, so that it is JSON.
            _ = try? reader.read(completion) { retelling.retell($0, to: capture) }
            var captured = capture.answer
            (captured.usage, captured.cost) = (answer.usage ?? estimate, cost)
            return captured
        }
    }
}
