internal import Chat

/// Anthropic's Messages, version 2023-06-01.
enum Anthropic {
    static func request(
        _ request: ChatRequest, _ model: WireModel, _ context: AnswerContext, _ reader: JSONReader
    ) throws(GatewayError) -> WireRequest {
        var context = context
        let body = try request.withRoot(reader) { (root) throws(GatewayError) in
            let client = try ClientRequest(root, [.files], reasoning: .anthropic)
            let plan = AnthropicPlan(client, model, maxTokens: request.maxOutputTokens)
            context.formatTool = plan.formatTool
            var writer = AnthropicWriter(client, plan)
            try writer.write(model: model.upstreamNameJSON, stream: request.stream)
            return writer.bytes
        }
        return WireRequest(body: body, path: "/v1/messages", context: context)
    }
}

/// What is decided about a request before it is written.
struct AnthropicPlan {
    enum Thinking {
        case off
        case budget(Int64)
        case adaptive(StaticString, isShown: Bool)
        /// The client's own.
        case given(UnsafeRawBufferPointer)

        var isOn: Bool { if case .off = self { false } else { true } }
    }

    let maxTokens: Int64
    let thinking: Thinking
    /// The tool that stands in for the answer's format, where the model has no formats.
    let formatTool: String?
    /// Whether the format is asked for in words, where neither a format nor a forced tool can be had.
    let asksForJSON: Bool
    let claude: ClaudeModel

    /// What is asked for when neither the client nor the policy sets a limit: Anthropic wants one.
    private static let defaultMaxTokens: Int64 = 4096
    /// The least that a thinking budget may be.
    private static let leastBudget: Int64 = 1024

    init(_ client: ClientRequest, _ model: WireModel, maxTokens wanted: Int64?) {
        claude = ClaudeModel(model.upstreamName)
        let cap = model.maxOutputTokens ?? .max
        var canEmulate = true
        switch client.format {
        case .text: canEmulate = false
        case .anyObject: canEmulate = !claude.thinksUntold
        case .schema: canEmulate = !claude.hasStructuredOutputs
        }
        // A client that forces a tool gets the tool: the format is for the turn after it.
        if client.toolChoice?.isForced == true { canEmulate = false }
        formatTool = canEmulate ? ToolArguments.freeName("json_response", besides: client.tools) : nil
        if case .anyObject = client.format { asksForJSON = !canEmulate } else { asksForJSON = false }
        // Forced tools and thinking exclude each other.
        let mayThink = formatTool == nil && client.toolChoice?.isForced != true && claude.thinks
        let budget = mayThink ? client.effort?.budget ?? 0 : 0
        let limit = wanted.map { min($0, cap) } ?? (model.maxOutputTokens ?? Self.defaultMaxTokens + budget)
        maxTokens = limit
        thinking = mayThink ? Self.thinking(client, claude, budget, limit) : .off
    }

    private static func thinking(_ client: ClientRequest, _ claude: ClaudeModel, _ budget: Int64, _ limit: Int64) -> Thinking {
        if let given = client.thinking { return .given(given) }
        guard let effort = client.effort, effort.budget > 0 else { return .off }
        if claude.thinksAdaptively { return .adaptive(claude.effort(effort), isShown: claude.hidesThinking) }
        // Half way through its tool calls the model must find its own thinking again, or not think at all.
        guard limit > leastBudget, !client.lacksThinkingOfOpenCalls else { return .off }
        return .budget(max(leastBudget, min(budget, limit - leastBudget)))
    }
}

extension ClientRequest {
    /// Whether the conversation ends in the results of calls whose thinking the client did not keep.
    fileprivate var lacksThinkingOfOpenCalls: Bool {
        guard messages.last?.role == .tool, let caller = messages.last(where: { $0.role == .assistant }) else { return false }
        return !caller.toolCalls.isEmpty && caller.reasoning.isEmpty
    }
}
