internal import Chat

/// AWS Bedrock's Converse and ConverseStream.
enum Bedrock {
    static func request(
        _ request: ChatRequest, _ model: ProviderModel, _ context: AnswerContext, _ reader: JSONReader
    ) throws(GatewayError) -> ProviderRequest {
        var context = context
        let (body, media) = try request.withRoot(reader) { (root) throws(GatewayError) in
            let abilities = BedrockModel(model.upstreamName)
            let isClaude = abilities.claude.isClaude
            let client = try ClientRequest(
                root, [.files, .audio], reasoning: .anthropic, names: NameRule(longest: 64), stops: StopRule(refusesBlank: isClaude))
            let plan = try ClaudePlan(
                client, model, maxTokens: request.facts.maxOutputTokens, hasFormats: { _ in abilities.hasStructuredOutputs },
                forcing: abilities.forcing)
            context.take(plan)
            context.toolSpellings = client.toolNames.spellings
            let prompt = try PromptBuilder.prompt(client, rules(client, plan, abilities, model.refused))
            context.additions.formUnion(prompt.additions)
            var writer = BedrockWriter(
                client, plan, prompt, abilities, isLimited: request.facts.maxOutputTokens != nil || model.maxOutputTokens != nil)
            try writer.write()
            return (writer.bytes, writer.media)
        }
        let path = "/model/\(segment(model.upstreamName))/" + (request.facts.stream ? "converse-stream" : "converse")
        return ProviderRequest(body: body, path: path, context: context, request: request, media: media)
    }

    private static func rules(
        _ client: ClientRequest, _ plan: ClaudePlan, _ model: BedrockModel, _ refused: Additions
    ) -> PromptRules {
        let goesOn = (plan.claude.isClaude ? plan.takesPrefill(client) : model.takesPrefill) && !refused.contains(.prefill)
        return PromptRules(
            ids: NameRule(longest: 64), media: .bedrock, declaresUsedTools: true, forbidsCalls: false,
            cache: refused.contains(.cacheMarks) ? nil : model.cache, takesThoughts: plan.claude.isClaude, takesEmptyResults: false,
            wantsTextByDocuments: true, asksForOneCall: !limitsCalls(client, plan, model), prefill: goesOn ? .trimmed : .answered)
    }

    /// Whether the request itself says that an answer may hold one call: a forced tool is said in Converse's words, beside which the model's
    /// own are not taken.
    static func limitsCalls(_ client: ClientRequest, _ plan: ClaudePlan, _ model: BedrockModel) -> Bool {
        model.limitsCalls && client.wantsOneCall && plan.formatTool == nil && client.toolChoice?.isForced != true
    }

    /// A model's id as one segment of a path: ids may have colons, and ARNs have slashes too.
    private static func segment(_ id: String) -> String {
        // Dots alone would be resolved as a step to the parent directory.
        id.utf8.allSatisfy { $0 == UInt8(ascii: ".") } ? String(repeating: "%2E", count: id.utf8.count) : id.percentEncodedForURL
    }
}
