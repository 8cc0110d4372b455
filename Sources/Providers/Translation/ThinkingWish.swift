internal import Chat

/// How much a client wants the model to think, in whatever words it says so:
/// `reasoning_effort` (OpenAI), `reasoning` (OpenRouter), `thinking` (Anthropic, DeepSeek, GLM), `enable_thinking` and `thinking_budget` (Qwen),
/// `chat_template_kwargs` (vLLM, SGLang).
struct ThinkingWish {
    enum State { case unsaid, off, on }

    /// What one member says; the members are heard in this order.
    private enum Voice: Int, CaseIterable { case thinking, effort, reasoning, toggle }

    private var states = [State](repeating: .unsaid, count: Voice.allCases.count)
    private var budgets = [Int64?](repeating: nil, count: Voice.allCases.count)
    private var efforts = [ReasoningEffort?](repeating: nil, count: Voice.allCases.count)
    /// Whether the client does not want to see the thoughts.
    private(set) var isHidden = false

    /// Whether the model is to think.
    var state: State { states.first { $0 != .unsaid } ?? .unsaid }

    /// The tokens that it may think for, 1 to 2^40; `nil` when no number is given.
    var budget: Int64? { state == .on ? budgets.lazy.compactMap(\.self).first : nil }

    /// The effort; `nil` when none is given.
    var effort: ReasoningEffort? { state == .on ? efforts.lazy.compactMap(\.self).first : nil }

    /// The effort, or the one next to the budget; `nil` when neither is given.
    var nearestEffort: ReasoningEffort? { effort ?? budget.map(ReasoningEffort.init(nearest:)) }

    /// The budget, or that of the effort; without either that of a medium effort. Zero unless the model is to think.
    var tokens: Int64 { state == .on ? budget ?? (effort ?? .medium).budget : 0 }

    /// Takes in a member of the request.
    /// - Returns: whether it is one about thinking.
    mutating func hear(_ name: JSONValue, _ value: JSONValue) throws(GatewayError) -> Bool {
        if name.isString("reasoning_effort") {
            note(try ReasoningEffort(value, "reasoning_effort"), .effort)
        } else if name.isString("reasoning") {
            try hear(reasoning: value)
        } else if name.isString("thinking") {
            hear(thinking: value)
        } else if name.isString("enable_thinking") {
            note(value.bool, .toggle)
        } else if name.isString("thinking_budget") {
            note(budget: value, .toggle)
        } else if name.isString("chat_template_kwargs") {
            note(value["enable_thinking"]?.bool ?? value["thinking"]?.bool, .toggle)
            note(budget: value["thinking_budget"], .toggle)
        } else if name.isString("include_reasoning") {
            isHidden = isHidden || value.bool == false
        } else {
            return false
        }
        return true
    }

    private mutating func hear(reasoning value: JSONValue) throws(GatewayError) {
        note(value.bool ?? value["enabled"]?.bool, .reasoning)
        note(budget: value["max_tokens"], .reasoning)
        if let effort = value["effort"], !effort.isNull { note(try ReasoningEffort(effort, "reasoning.effort"), .reasoning) }
        if value["enabled"]?.bool == false { states[Voice.reasoning.rawValue] = .off }
        isHidden = isHidden || value["exclude"]?.bool == true
    }

    private mutating func hear(thinking value: JSONValue) {
        if let isOn = value.bool { return note(isOn, .thinking) }
        guard let type = value["type"] else { return note(budget: value["budget_tokens"], .thinking) }
        if type.isString("disabled") || type.isString("between_tools") { return note(false, .thinking) }
        note(budget: value["budget_tokens"], .thinking)
        // `enabled`, `adaptive`, `auto`.
        states[Voice.thinking.rawValue] = .on
        isHidden = isHidden || value["display"]?.isString("omitted") == true
    }

    private mutating func note(_ isOn: Bool?, _ voice: Voice) {
        if let isOn { states[voice.rawValue] = isOn ? .on : .off }
    }

    private mutating func note(_ effort: ReasoningEffort, _ voice: Voice) {
        states[voice.rawValue] = effort == .none ? .off : .on
        if effort != .none { efforts[voice.rawValue] = effort }
    }

    /// Zero is off; less than that leaves the number to the model.
    private mutating func note(budget: JSONValue?, _ voice: Voice) {
        guard let tokens = budget?.int64, states[voice.rawValue] != .off else { return }
        states[voice.rawValue] = tokens == 0 ? .off : .on
        if tokens > 0 { budgets[voice.rawValue] = min(tokens, 1 << 40) }
    }
}

/// How hard the model is to think.
enum ReasoningEffort: Sendable {
    case none, minimal, low, medium, high, xhigh

    init(_ value: JSONValue, _ param: String) throws(GatewayError) {
        switch value.string {
        case "none", "off", "disabled": self = .none
        case "minimal": self = .minimal
        case "low": self = .low
        case "medium", "default": self = .medium
        case "high": self = .high
        case "xhigh", "max": self = .xhigh
        default: throw .malformed(param, "expected none, minimal, low, medium, high or xhigh")
        }
    }

    /// The effort whose budget is next to `tokens`, by their ratio.
    init(nearest tokens: Int64) {
        switch tokens {
        case ..<1_449: self = .minimal
        case ..<4_097: self = .low
        case ..<11_586: self = .medium
        case ..<23_171: self = .high
        default: self = .xhigh
        }
    }

    /// The tokens it allows where a provider wants a number; zero for none. The steps are those that LiteLLM's and OpenRouter's users know.
    var budget: Int64 {
        switch self {
        case .none: 0
        case .minimal: 1024
        case .low: 2048
        case .medium: 8192
        case .high: 16384
        case .xhigh: 32768
        }
    }
}
