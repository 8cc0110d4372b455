internal import Chat

/// Anthropic's Messages, version 2023-06-01.
enum Anthropic {
    static func request(
        _ request: ChatRequest, _ model: ProviderModel, _ context: AnswerContext, _ reader: JSONReader
    ) throws(GatewayError) -> ProviderRequest {
        var context = context
        let (body, media) = try request.withRoot(reader) { (root) throws(GatewayError) in
            let client = try ClientRequest(root, [.files], reasoning: .anthropic, names: names, stops: StopRule(refusesBlank: true))
            let forcing: BedrockModel.Forcing = ClaudeModel(model.upstreamName).forcesTools ? .anyOrNamed : .nothing
            let plan = try ClaudePlan(
                client, model, maxTokens: request.facts.maxOutputTokens, hasFormats: { $0.hasStructuredOutputs }, forcing: forcing)
            context.take(plan)
            context.toolSpellings = client.toolNames.spellings
            let prompt = try PromptBuilder.prompt(client, rules(client, plan, model.refused))
            context.additions.formUnion(prompt.additions)
            var writer = AnthropicWriter(client, plan, prompt)
            try writer.write(model: model.upstreamNameJSON, stream: request.facts.stream)
            return (writer.bytes, writer.media)
        }
        return ProviderRequest(body: body, path: "/v1/messages", context: context, request: request, media: media)
    }

    /// Names of tools, and ids of calls but for their length, which Anthropic does not limit and others do.
    private static let names = NameRule(longest: 128)

    private static func rules(_ client: ClientRequest, _ plan: ClaudePlan, _ refused: Additions) -> PromptRules {
        PromptRules(
            ids: NameRule(longest: 64), media: .anthropic, declaresUsedTools: true,
            cache: refused.contains(.cacheMarks) ? nil : CacheRule(),
            takesThoughts: true, prefill: plan.takesPrefill(client) && !refused.contains(.prefill) ? .trimmed : .answered)
    }
}

extension AnswerContext {
    /// Notes what reading the answer needs to know of the plan.
    mutating func take(_ plan: ClaudePlan) {
        if case .tool(let name, let isWrapped) = plan.format { (formatTool, formatIsWrapped) = (name, isWrapped) }
        additions.formUnion(plan.additions)
    }
}
