internal import Chat

/// What is decided about a request to Anthropic or Bedrock before it is written. Of models that are no Claude it decides the format only.
struct ClaudePlan {
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
    /// Whether the model itself keeps to a schema.
    let usesFormats: Bool
    let claude: ClaudeModel

    /// What is asked for when neither the client nor the policy sets a limit: Anthropic wants one.
    private static let defaultMaxTokens: Int64 = 4096
    /// The least that a thinking budget may be.
    private static let leastBudget: Int64 = 1024

    /// - Parameters:
    ///   - wanted: the client's own limit.
    ///   - hasFormats: whether such a model keeps to a schema by itself where it is called.
    init(_ client: ClientRequest, _ model: WireModel, maxTokens wanted: Int64?, hasFormats: (ClaudeModel) -> Bool) {
        claude = ClaudeModel(model.upstreamName)
        usesFormats = hasFormats(claude)
        let cap = model.maxOutputTokens ?? .max
        var canEmulate = true
        switch client.format {
        case .text: canEmulate = false
        case .anyObject: canEmulate = !claude.thinksUntold
        case .schema: canEmulate = !usesFormats
        }
        // A client that forces a tool gets the tool: the format is for the turn after it.
        if client.toolChoice?.isForced == true { canEmulate = false }
        formatTool = canEmulate ? client.toolNames.freeName("json_response") : nil
        if case .anyObject = client.format { asksForJSON = !canEmulate } else { asksForJSON = false }
        // Forced tools and thinking exclude each other.
        let mayThink = formatTool == nil && client.toolChoice?.isForced != true && claude.thinks
        let budget = mayThink ? client.effort?.budget ?? 0 : 0
        let limit = wanted.map { min($0, cap) } ?? (model.maxOutputTokens ?? Self.defaultMaxTokens + budget)
        maxTokens = limit
        thinking = mayThink ? Self.thinking(client, claude, budget, limit) : .off
    }

    /// Whether the model goes on from the assistant's words at the end of a conversation. None does while it thinks, must call a tool or keeps
    /// to a format.
    func takesPrefill(_ client: ClientRequest) -> Bool {
        var isPlain = true
        if case .text = client.format {} else { isPlain = false }
        return claude.takesPrefill && !thinking.isOn && isPlain && client.toolChoice?.isForced != true
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
    /// Whether the assistant's last message has calls whose thinking the client did not keep. Their results are what comes next, whatever else
    /// does: calls without any get a stand-in.
    fileprivate var lacksThinkingOfOpenCalls: Bool {
        guard let caller = messages.last(where: { $0.role == .assistant }) else { return false }
        return !caller.toolCalls.isEmpty && !caller.hasThoughts
    }
}
