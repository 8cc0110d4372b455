internal import Chat

/// Google's Gemini API, `generateContent` and `streamGenerateContent` of `v1beta`: https://ai.google.dev/api/generate-content.
enum Gemini {
    /// The request in Google's words.
    static func request(
        _ request: ChatRequest, _ model: ProviderModel, _ context: AnswerContext, _ reader: JSONReader
    ) throws(GatewayError) -> ProviderRequest {
        var context = context
        let generation = GeminiGeneration(modelName: model.upstreamName)
        let limit = [request.facts.maxOutputTokens, model.maxOutputTokens].compactMap(\.self).min()
        let (body, media) = try request.withRoot(reader) { (root) throws(GatewayError) in
            let client = try ClientRequest(
                root, [.penalties, .choices, .audio, .files], reasoning: .gemini, names: names, stops: StopRule(most: 5))
            context.toolSpellings = client.toolNames.spellings
            let prompt = try PromptBuilder.prompt(client, rules(model.upstreamName, model.refused))
            var body = GeminiRequestBody(client, prompt, generation, refused: model.refused, size: request.promptBytes)
            let bytes = try body.write(maxOutputTokens: limit, choices: context.choices)
            context.additions = prompt.additions.union(body.additions)
            return (bytes, body.media)
        }
        let path = path(of: model.upstreamName, streams: request.facts.stream)
        return ProviderRequest(body: body, path: path, context: context, request: request, media: media)
    }

    /// Names of functions: https://ai.google.dev/api/caching#FunctionDeclaration.
    private static let names = NameRule(longest: 64, others: ".:", beginsWithLetter: true)

    private static func rules(_ model: String, _ refused: Additions) -> PromptRules {
        PromptRules(
            media: .gemini, takesBlankTexts: true, sortsResults: true, takesSignatures: true, takesAssistantMedia: true,
            takesMediaInErrors: true,
            asksForOneCall: true, saysLoneSystem: true,
            prefill: GeminiPrefill.isTaken(by: model) && !refused.contains(.prefill) ? .kept : .answered)
    }

    /// A bare name is one of `models/`; `tunedModels/…` and the like are resources already.
    private static func path(of name: String, streams: Bool) -> String {
        let action = streams ? ":streamGenerateContent?alt=sse" : ":generateContent"
        guard name.utf8.contains(UInt8(ascii: "/")) else { return "/v1beta/models/" + name.percentEncodedForURL + action }
        return "/v1beta/" + name.split(separator: "/").map { String($0).percentEncodedForURL }.joined(separator: "/") + action
    }

    /// Reads a whole answer.
    static func answer(_ body: [UInt8], _ context: AnswerContext, _ reader: JSONReader) throws(GatewayError) -> TranslatedAnswer {
        let outcome: Result<TranslatedAnswer, GatewayError>
        do {
            outcome = try reader.read(body) { root in Result { () throws(GatewayError) in try GeminiAnswer.read(root, context) } }
        } catch { throw OpenAIFailure.unusable("an answer: " + error.publicMessage) }
        return try outcome.get()
    }

    /// The error that the body of a failed call reports.
    static func error(_ body: [UInt8], _ reader: JSONReader) -> ProviderError? {
        let said = try? reader.read(body) { root in GeminiFailure.said(by: root) }
        return said.flatMap(\.self)
    }

    /// The id of a tool call to which Google gave none. The same for the same place in the same answer, and unlike that of any other answer.
    static func callID(_ context: AnswerContext, choice: Int, index: Int) -> [UInt8] {
        Array("call_\(context.id.split(separator: "-").last ?? "")_\(choice)_\(index)".utf8)
    }
}
