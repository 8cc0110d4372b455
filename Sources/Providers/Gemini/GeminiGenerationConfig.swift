internal import Chat
internal import Core

/// Writes `generationConfig`: how the answer is to be made.
struct GeminiGenerationConfig {
    /// The members, separated by commas.
    private(set) var members: [UInt8] = []
    /// What of them the gateway can leave out or say otherwise.
    private(set) var additions: Additions = []
    private let refused: Additions

    /// - Parameter refused: what the model has refused of the gateway's additions.
    init(refused: Additions) { self.refused = refused }

    mutating func write(
        _ client: ClientRequest, maxOutputTokens: Int64?, choices: Int, _ generation: GeminiGeneration
    ) throws(GatewayError) {
        append("temperature", client.temperature)
        append("topP", client.topP)
        append("topK", client.topK)
        // Google's is a number of 32 bits.
        append("seed", client.seed.flatMap { $0.int64.flatMap(Int32.init(exactly:)) == nil ? nil : $0 })
        // Many models refuse penalties, those of zero too.
        append("presencePenalty", client.presencePenalty.flatMap { $0.double == 0 ? nil : $0 })
        append("frequencyPenalty", client.frequencyPenalty.flatMap { $0.double == 0 ? nil : $0 })
        append("maxOutputTokens", maxOutputTokens)
        append("candidateCount", choices > 1 ? Int64(choices) : nil)
        append(stop: client.stop)
        try append(client.format)
        if client.thinking.state != .unsaid, generation.thinking != .never, !refused.contains(.thinking) {
            begin("thinkingConfig")
            additions.formUnion(generation.appendThinkingConfig(client.thinking, limit: maxOutputTokens, refused, to: &members))
        }
    }

    private mutating func begin(_ name: StaticString) {
        members.append(members.isEmpty ? "\"" : ",\"")
        members.append(name)
        members.append("\":")
    }

    private mutating func append(_ name: StaticString, _ number: JSONValue?) {
        guard let number else { return }
        begin(name)
        members.appendJSON(number)
    }

    private mutating func append(_ name: StaticString, _ number: Int64?) {
        guard let number else { return }
        begin(name)
        members.appendJSONNumber(number)
    }

    private mutating func append(stop: [UnsafeRawBufferPointer]) {
        guard !stop.isEmpty else { return }
        begin("stopSequences")
        for (index, text) in stop.enumerated() {
            members.append(index == 0 ? "[" : ",")
            members.appendJSONString(text)
        }
        members.append("]")
    }

    private mutating func append(_ format: ClientFormat) throws(GatewayError) {
        if case .text = format { return }
        // Asked for in words instead.
        if refused.contains(.nativeFormat) { return }
        additions.insert(.nativeFormat)
        begin("responseMimeType")
        members.append("\"application/json\"")
        guard case .schema(let schema, _, _) = format else { return }
        begin("responseJsonSchema")
        try GeminiSchema.appendFormat(schema, to: &members)
    }
}
