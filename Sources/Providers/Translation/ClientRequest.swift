internal import Chat

/// A client's chat request as translators see it: checked, and in one shape where OpenAI allows several.
///
/// Borrows the request's text: valid only in the closure that read it.
struct ClientRequest {
    private(set) var messages: [ClientMessage] = []
    private(set) var tools: [ClientTool] = []
    private(set) var toolChoice: ClientToolChoice?
    private(set) var parallelToolCalls: Bool?
    private(set) var format = ClientFormat.text
    /// Stop sequences.
    private(set) var stop: [UnsafeRawBufferPointer] = []
    /// The provider's names of the tools.
    private(set) var toolNames: ToolNames
    /// How much the model is to think.
    private(set) var thinking = ThinkingWish()
    /// Numbers that pass as they are.
    private(set) var temperature, topP, topK, presencePenalty, frequencyPenalty, seed: JSONValue?

    /// What a provider can take beyond the common ground.
    struct Abilities: OptionSet {
        let rawValue: Int
        static let penalties = Abilities(rawValue: 1)
        static let choices = Abilities(rawValue: 2)
        static let audio = Abilities(rawValue: 4)
        static let files = Abilities(rawValue: 8)
    }

    /// Reads the root of a client's body.
    /// - Parameters:
    ///   - reasoning: the provider whose reasoning may come back.
    ///   - names: which names of tools the provider takes.
    ///   - stops: which stop sequences the provider takes.
    /// - Throws: `invalid_request_error` naming the member that is wrong, or that this provider cannot take.
    init(
        _ root: JSONValue, _ abilities: Abilities, reasoning: ReasoningDetail.Format, names: NameRule, stops: StopRule
    ) throws(GatewayError) {
        toolNames = ToolNames([], [], names)
        if let members = root.rawMembers {
            for member in members where !member.value.isNull { try visit(member, abilities, reasoning) }
        }
        try checkToolChoice()
        toolNames = ToolNames(tools, messages, names)
        stop = try stops.taken(of: stop)
    }

    /// Whether an answer may hold one call at most.
    var wantsOneCall: Bool { parallelToolCalls == false && !tools.isEmpty && toolChoice?.isNone != true }

    /// A choice is only for tools that are there. OpenAI refuses others too.
    private mutating func checkToolChoice() throws(GatewayError) {
        switch toolChoice {
        case nil: return
        case .auto, .none?: if tools.isEmpty { toolChoice = nil }
        case .required: if tools.isEmpty { throw .malformed("tool_choice", "it needs 'tools'") }
        case .named(let name):
            if tools.isEmpty { throw .malformed("tool_choice", "it needs 'tools'") }
            if !tools.contains(where: { $0.name.elementsEqual(name) }) {
                throw .malformed("tool_choice", "'tools' has no function of this name")
            }
        }
    }

    private mutating func visit(
        _ member: JSONRawMember, _ abilities: Abilities, _ reasoning: ReasoningDetail.Format
    ) throws(GatewayError) {
        let (name, value) = (member.name, member.value)
        if name.isString("messages") {
            messages = try ClientMessage.readAll(value, abilities, reasoning)
        } else if name.isString("tools") {
            tools = try ClientTool.readAll(member)
        } else if name.isString("tool_choice") {
            toolChoice = try ClientToolChoice(value)
        } else if name.isString("parallel_tool_calls") {
            parallelToolCalls = value.bool
        } else if name.isString("response_format") {
            format = try ClientFormat(member)
        } else if name.isString("stop") {
            stop = try Self.readStop(value)
        } else if try thinking.hear(name, value) {
            return
        } else {
            try visitNumber(name, value)
            try refuse(name, value, abilities)
        }
    }

    private mutating func visitNumber(_ name: JSONValue, _ value: JSONValue) throws(GatewayError) {
        guard value.kind == .number else { return }
        if name.isString("temperature") {
            temperature = value
        } else if name.isString("top_p") {
            topP = value
        } else if name.isString("top_k") {
            // 0 and -1 are how other servers say that all tokens may be chosen from.
            if value.double ?? 1 > 0 { topK = value }
        } else if name.isString("presence_penalty") {
            presencePenalty = value
        } else if name.isString("frequency_penalty") {
            frequencyPenalty = value
        } else if name.isString("seed") {
            seed = value
        }
    }

    /// Refuses what would change the answer but cannot be had. What merely advises (`seed`, `store`, `prediction`, …) is left out instead.
    private func refuse(_ name: JSONValue, _ value: JSONValue, _ abilities: Abilities) throws(GatewayError) {
        for rule in Self.refused where name.isString(rule.name) && !abilities.contains(rule.unless) && rule.matters(value) {
            throw .notTaken("\(rule.name)")
        }
    }

    private struct Rule {
        let name: StaticString
        /// The ability that makes it fine.
        var unless: Abilities = Abilities(rawValue: 1 << 62)
        /// Whether the value asks for anything.
        let matters: @Sendable (JSONValue) -> Bool
    }

    private static let refused: [Rule] = [
        Rule(name: "n", unless: .choices) { $0.int64 != 1 },
        Rule(name: "logprobs") { $0.bool != false },
        Rule(name: "top_logprobs") { $0.int64 != 0 },
        Rule(name: "logit_bias") { !$0.isEmptyContainer },
        Rule(name: "presence_penalty", unless: .penalties) { $0.double != 0 },
        Rule(name: "frequency_penalty", unless: .penalties) { $0.double != 0 },
        Rule(name: "audio") { !$0.isEmptyContainer },
        Rule(name: "modalities") { $0.elements.contains { !$0.isString("text") } },
        Rule(name: "functions") { !$0.isEmptyContainer },
        Rule(name: "function_call") { !$0.isString("none") && !$0.isString("auto") },
        Rule(name: "web_search_options") { _ in true },
    ]

    private static func readStop(_ value: JSONValue) throws(GatewayError) -> [UnsafeRawBufferPointer] {
        if let text = value.stringBytes { return text.isEmpty ? [] : [text] }
        let texts = value.elements.map(\.stringBytes)
        guard !texts.contains(where: { $0 == nil }) else { throw .malformed("stop", "expected strings") }
        return texts.compactMap(\.self).filter { !$0.isEmpty }
    }
}

extension GatewayError {
    /// The error for a member that this provider cannot take, though another may.
    static func notTaken(_ param: String, _ what: String? = nil) -> GatewayError {
        let subject = what ?? "'\(param)' is"
        return GatewayError(
            .invalidRequest, "\(subject) not supported by this model's provider. Leave it out, or choose a model of another provider.",
            retry: .nextTarget, param: param)
    }

    /// The error for a member whose value is wrong for every provider.
    static func malformed(_ param: String, _ reason: String) -> GatewayError {
        GatewayError(.invalidRequest, "Invalid value for '\(param)': \(reason).", param: param)
    }
}
