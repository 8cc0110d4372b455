internal import Chat
internal import Core

/// What is decided about a request to Anthropic or Bedrock before it is written. For models that are not a Claude it decides the format
/// only.
struct ClaudePlan {
    /// What is said about thinking.
    enum Thinking {
        /// Nothing is said about thinking.
        case unsaid
        case off(ClaudeModel.ThinkingOff)
        case budget(Int64)
        /// `nil`: the model's own effort.
        case adaptive(StaticString?, isShown: Bool)

        var isOn: Bool {
            switch self {
            case .unsaid, .off: false
            case .budget, .adaptive: true
            }
        }
    }

    /// How an answer comes to have its format.
    enum Format {
        case free
        /// The model keeps to the schema by itself.
        case native
        /// The answer is the arguments of a tool that the model must call.
        case tool(String, isWrapped: Bool)
        /// The model is asked for it.
        case words
    }

    let maxTokens: Int64
    let thinking: Thinking
    let format: Format
    let claude: ClaudeModel
    /// How tools can be forced.
    let forcing: BedrockModel.Forcing
    /// What of this the gateway can leave out or say otherwise.
    let additions: Additions

    /// The limit that is sent when neither the client nor the policy sets one: Anthropic requires a limit.
    private static let defaultMaxTokens: Int64 = 4096
    /// The smallest thinking budget, and the largest where no limit of output is set: no model's own limit is below the largest budget and
    /// ``defaultMaxTokens`` together.
    private static let budgets: ClosedRange<Int64> = 1024...59_904

    /// The tool that stands in for the answer's format.
    var formatTool: String? { if case .tool(let name, _) = format { name } else { nil } }
    /// Whether the model itself keeps to a schema.
    var usesFormats: Bool { if case .native = format { true } else { false } }

    /// - Parameters:
    ///   - wanted: the client's own limit.
    ///   - hasFormats: whether the model keeps to a schema by itself where it is called.
    ///   - forcing: how it can be made to call a tool there.
    /// - Throws: `invalid_request_error` for a format or a choice of tools that this model cannot be held to.
    init(
        _ client: ClientRequest, _ model: ProviderModel, maxTokens wanted: Int64?, hasFormats: (ClaudeModel) -> Bool,
        forcing: BedrockModel.Forcing
    ) throws(GatewayError) {
        claude = ClaudeModel(model.upstreamName)
        self.forcing = forcing
        let isForced = client.toolChoice?.isForced == true
        if isForced { try Self.checkChoice(client, forcing) }
        let hasFormats = hasFormats(claude) && !model.refused.contains(.nativeFormat)
        let forcesFormat = !isForced && forcing != .nothing && !model.refused.contains(.forcedFormat)
        format = try Self.format(client, claude, hasFormats: hasFormats, isForced: isForced, forcesFormat: forcesFormat)
        // Forced tools and thinking exclude each other.
        var mustCall = isForced
        if case .tool = format { mustCall = true }
        let tokens = mustCall || !claude.thinks ? 0 : min(client.thinking.tokens, Self.budgets.upperBound)
        let limit = wanted.map { min($0, model.maxOutputTokens ?? .max) } ?? model.maxOutputTokens ?? Self.defaultMaxTokens + tokens
        maxTokens = limit
        thinking = Self.thinking(client, claude, model.refused, mustCall: mustCall, limit: limit)
        additions = Self.additions(format, thinking)
    }

    /// Whether the model goes on from the assistant's words at the end of a conversation. None does while it thinks, must call a tool or keeps
    /// to a format.
    func takesPrefill(_ client: ClientRequest) -> Bool {
        var isPlain = true
        if case .text = client.format {} else { isPlain = false }
        return claude.takesPrefill && !thinking.isOn && isPlain && client.toolChoice?.isForced != true
    }

    // MARK: Tools and formats

    private static func checkChoice(_ client: ClientRequest, _ forcing: BedrockModel.Forcing) throws(GatewayError) {
        var isNamed = false
        if case .named? = client.toolChoice { isNamed = client.tools.count > 1 }
        guard forcing == .nothing || (forcing == .any && isNamed) else { return }
        throw .notTaken("tool_choice", "A tool call that must be made is")
    }

    private static func format(
        _ client: ClientRequest, _ claude: ClaudeModel, hasFormats: Bool, isForced: Bool, forcesFormat: Bool
    ) throws(GatewayError) -> Format {
        func tool() -> Format { .tool(client.toolNames.freeName("json_response"), isWrapped: FormatTool.isWrapped(client.format)) }
        switch client.format {
        case .text: return .free
        case .anyObject: return forcesFormat && !claude.thinksUntold ? tool() : .words
        case .schema(let schema, _, let isStrict):
            if hasFormats, AnthropicSchema.fits(schema.value, isStrict: isStrict) { return .native }
            // A client that forces a tool gets the tool: the format is for the turn after it.
            if isForced { return .free }
            if forcesFormat { return tool() }
            if isStrict { throw SchemaPlace.format.refusal("open objects, recursion or a root that is no object") }
            return .words
        }
    }

    // MARK: Thinking

    private static func thinking(
        _ client: ClientRequest, _ claude: ClaudeModel, _ refused: Additions, mustCall: Bool, limit: Int64
    ) -> Thinking {
        guard claude.thinks, !refused.contains(.thinking) else { return .unsaid }
        let wish = client.thinking
        let off = refused.contains(.thinkingOff) && claude.thinksUntold ? .leastEffort : claude.thinkingOff
        if mustCall { return claude.thinksUntold || (wish.state == .off && !refused.contains(.thinkingOff)) ? .off(off) : .unsaid }
        switch wish.state {
        case .unsaid: return .unsaid
        case .off: return refused.contains(.thinkingOff) && !claude.thinksUntold ? .unsaid : .off(off)
        case .on: break
        }
        let takesEffort = (claude.thinksAdaptively || refused.contains(.thinkingBudget)) && !refused.contains(.adaptiveThinking)
        let takesBudget = (claude.takesBudget || refused.contains(.adaptiveThinking)) && !refused.contains(.thinkingBudget)
        if takesEffort, !takesBudget || wish.budget == nil {
            return .adaptive(wish.nearestEffort.map(claude.effort), isShown: claude.hidesThinking && !wish.isHidden)
        }
        // In the middle of its tool calls the model must get its own earlier thinking back, or not think at all.
        guard takesBudget, limit > budgets.lowerBound, !client.lacksThinkingOfOpenCalls else { return .unsaid }
        return .budget(max(budgets.lowerBound, min(wish.tokens, budgets.upperBound, limit - budgets.lowerBound)))
    }

    private static func additions(_ format: Format, _ thinking: Thinking) -> Additions {
        var additions: Additions = []
        switch format {
        case .free, .words: break
        case .native: additions.insert(.nativeFormat)
        case .tool: additions.insert(.forcedFormat)
        }
        switch thinking {
        case .unsaid: break
        case .off: additions.formUnion([.thinkingOff, .thinking])
        case .budget: additions.formUnion([.thinkingBudget, .thinking])
        case .adaptive: additions.formUnion([.adaptiveThinking, .thinking])
        }
        return additions
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

extension ClaudePlan {
    /// How the model is asked for the format; `nil` when it is not asked.
    func request(for client: ClientFormat) -> [UInt8]? {
        guard case .words = format else { return nil }
        return client.wordsForModel
    }

    /// Appends what is said about thinking as a member `thinking`.
    func appendThinking(to bytes: inout [UInt8]) {
        switch thinking {
        case .unsaid, .off(.silence), .off(.leastEffort): break
        case .off(.disabled):
            bytes.appendName("thinking")
            bytes.append("{\"type\":\"disabled\"}")
        case .off(.betweenTools):
            bytes.appendName("thinking")
            bytes.append("{\"type\":\"between_tools\"}")
        case .budget(let tokens):
            bytes.appendName("thinking")
            bytes.append("{\"type\":\"enabled\",\"budget_tokens\":")
            bytes.appendJSONNumber(tokens)
            bytes.append("}")
        case .adaptive(_, let isShown):
            bytes.appendName("thinking")
            bytes.append("{\"type\":\"adaptive\"")
            if isShown { bytes.append(",\"display\":\"summarized\"") }
            bytes.append("}")
        }
    }

    /// The word for the effort; `nil` when none is said.
    var effort: StaticString? {
        switch thinking {
        case .adaptive(let effort, _): effort
        case .off(.leastEffort): "low"
        case .unsaid, .off, .budget: nil
        }
    }
}

extension ClientFormat {
    /// How a model that keeps to no format by itself is asked for it.
    var wordsForModel: [UInt8] {
        guard case .schema(let schema, _, _) = self else { return Array("Answer with one JSON object and nothing else.".utf8) }
        return Array("Answer with JSON that follows this JSON Schema, and nothing else: ".utf8) + schema.valueText
    }
}
