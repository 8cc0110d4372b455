internal import Chat

/// Azure OpenAI: OpenAI's bodies behind paths of its own.
enum Azure {
    static func request(_ request: ChatRequest, _ model: WireModel, _ context: AnswerContext) throws(GatewayError) -> WireRequest {
        throw OpenAIFailure.unusable("not built yet")
    }
}
