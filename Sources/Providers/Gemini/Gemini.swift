internal import Chat

/// Google's generateContent.
enum Gemini {
    static func request(
        _ request: ChatRequest, _ model: WireModel, _ context: AnswerContext, _ reader: JSONReader
    ) throws(GatewayError) -> WireRequest {
        throw OpenAIFailure.unusable("not built yet")
    }

    static func answer(_ body: [UInt8], _ context: AnswerContext, _ reader: JSONReader) throws(GatewayError) -> TranslatedAnswer {
        throw OpenAIFailure.unusable("not built yet")
    }

    static func error(_ body: [UInt8], _ reader: JSONReader) -> ProviderError? { nil }
}

struct GeminiEvents: EventTranslator {
    typealias Framing = SSEFraming
    private(set) var usage: TokenUsage?
    private(set) var isDone = false
    var isComplete: Bool { false }

    init(_ context: AnswerContext) {}

    mutating func translate(
        _ name: UnsafeRawBufferPointer, _ event: JSONValue, _ chunks: inout ChunkWriter, _ out: inout [UInt8]
    ) throws(GatewayError) {
        throw OpenAIFailure.unusable("not built yet")
    }

    mutating func finish(_ chunks: inout ChunkWriter, _ out: inout [UInt8]) {}

    func failure(_ name: UnsafeRawBufferPointer, _ event: JSONValue?) -> GatewayError { OpenAIFailure.unusable("not built yet") }
}
