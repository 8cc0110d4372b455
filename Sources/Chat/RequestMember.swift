/// What the gateway does with a top-level member of a chat request.
enum RequestMember: Sendable {
    case model, models, maxCost, responseFormat, messages, stream, streamOptions, maxOutputTokens, choices, user, metadata, tools, functions
    /// Passed on when its value has one of these types.
    case typed(ValueTypes)
    /// Passed on when its value has one of these types. Unless it `isPlain`, the call costs more than its tokens at the model's price.
    case surcharged(ValueTypes, isPlain: @Sendable (JSONValue) -> Bool)
    /// Sets whether and how much the model is to reason before it answers. Passed on when its value has one of these types.
    case reasoning(ValueTypes)
    /// Tools of the gateway's side.
    case mcpServers, maxTurns
    /// Belongs to a feature that this version lacks.
    case unsupported
    /// For a gateway, and harmless to ignore: never passed on.
    case hint
    /// Would choose the destination or the credential of the call: refused.
    case forbidden
    /// Unknown as it is written, but equal to this known member for a provider that ignores case.
    case lookalike(of: String)
    /// Unknown: passed on unchanged.
    case other

    /// The rule for the member of that name.
    init(name: JSONValue) {
        self = .other
        guard let bytes = name.stringBytes else { return }
        if bytes.count < Self.rules.count {
            for rule in Self.rules[bytes.count] where name.isString(rule.name) {
                self = rule.member
                return
            }
        }
        if let known = Self.lookalike(bytes) { self = .lookalike(of: known) }
    }

    /// The known name that `name` becomes when case is folded, as Go's `encoding/json` does with every member (`N`, `max_to\u{212A}ens`).
    private static func lookalike(_ name: UnsafeRawBufferPointer) -> String? {
        guard name.count < 2 * rules.count, name.contains(where: { $0 >= 0x80 || (0x41...0x5A).contains($0) }) else { return nil }
        // To upper case first: some lower-case letters have a simple capital, such as U+017F.
        let folded = String(decoding: name, as: UTF8.self).uppercased().lowercased()
        return names.contains(folded) ? folded : nil
    }

    private static let names = Set(all.map { "\($0.name)" })

    /// All rules, by the length of the name.
    private static let rules: [[(name: StaticString, member: RequestMember)]] = {
        let longest = all.map(\.name.utf8CodeUnitCount).max() ?? 0
        return (0...longest).map { length in all.filter { $0.name.utf8CodeUnitCount == length } }
    }()

    private static let all: [(name: StaticString, member: RequestMember)] =
        [
            ("model", .model), ("models", .models), ("max_cost", .maxCost), ("response_format", .responseFormat),
            ("messages", .messages), ("stream", .stream), ("stream_options", .streamOptions),
            ("max_tokens", .maxOutputTokens), ("max_completion_tokens", .maxOutputTokens), ("n", .choices),
            // llama.cpp's names, which override OpenAI's there.
            ("n_predict", .maxOutputTokens), ("n_cmpl", .choices),
            ("user", .user), ("metadata", .metadata), ("tools", .tools), ("functions", .functions),
        ] + typed + surcharged + foreign

    private static let typed: [(name: StaticString, member: RequestMember)] = [
        ("temperature", .typed(.number)), ("top_p", .typed(.number)),
        ("presence_penalty", .typed(.number)), ("frequency_penalty", .typed(.number)),
        ("seed", .typed(.integer)), ("top_logprobs", .typed(.integer)),
        ("logprobs", .typed(.bool)), ("parallel_tool_calls", .typed(.bool)), ("store", .typed(.bool)),
        ("reasoning_effort", .reasoning(.string)), ("reasoning", .reasoning(.any)), ("thinking", .reasoning(.any)),
        ("verbosity", .typed(.string)), ("safety_identifier", .typed(.string)), ("prompt_cache_key", .typed(.string)),
        ("prompt_cache_retention", .typed(.string)), ("top_k", .typed(.number)), ("min_p", .typed(.number)),
        ("repetition_penalty", .typed(.number)), ("stop", .typed([.string, .array])), ("logit_bias", .typed(.object)),
        ("tool_choice", .typed([.string, .object])), ("function_call", .typed([.string, .object])),
    ]

    /// Members that cost extra: dearer tiers, searches with a price each, audio tokens, predictions that are billed as output, answers that
    /// are discarded.
    private static let surcharged: [(name: StaticString, member: RequestMember)] = [
        ("service_tier", .surcharged(.string) { tier in ["auto", "default", "flex", "standard_only"].contains(tier.string) }),
        ("speed", .surcharged(.any) { $0.isString("standard") }),
        ("modalities", .surcharged(.array) { $0.elements.allSatisfy { $0.isString("text") } }),
        ("audio", .surcharged(.object) { _ in false }),
        ("prediction", .surcharged(.object) { _ in false }),
        ("web_search_options", .surcharged(.object) { _ in false }),
        ("search_parameters", .surcharged(.any) { $0["mode"]?.isString("off") == true }),
        ("plugins", .surcharged(.any) { _ in false }),
        // Members by which OpenRouter and LiteLLM choose the model, and what they send on: each can change the price.
        ("provider", .surcharged(.any) { $0.isEmptyContainer }),
        ("transforms", .surcharged(.any) { $0.isEmptyContainer }),
        ("route", .surcharged(.any) { _ in false }),
        ("preset", .surcharged(.any) { _ in false }),
        ("extra_body", .surcharged(.any) { $0.isEmptyContainer }),
        ("fallbacks", .surcharged(.any) { _ in false }),
        ("context_window_fallbacks", .surcharged(.any) { _ in false }),
        ("content_policy_fallbacks", .surcharged(.any) { _ in false }),
        ("custom_llm_provider", .surcharged(.any) { _ in false }),
        // Searches and documents that servers of other vendors add.
        ("enable_search", .surcharged(.any) { $0.bool == false }),
        ("search_options", .surcharged(.any) { _ in false }),
        ("data_sources", .surcharged(.any) { _ in false }),
        ("best_of", .surcharged(.any) { $0.int64 == 1 }),
    ]

    private static let foreign: [(name: StaticString, member: RequestMember)] = [
        ("mcp_servers", .mcpServers), ("max_turns", .maxTurns),
        ("credentials", .unsupported), ("deferred", .unsupported), ("deferred_calls", .unsupported),
        ("agent_attributes", .hint), ("model_attributes", .hint), ("guardrails", .hint), ("handoff_config", .hint), ("handoff_mode", .hint),
        ("automatic_tool_execution", .hint), ("correlation_id", .hint),
        ("api_base", .forbidden), ("base_url", .forbidden), ("api_key", .forbidden), ("headers", .forbidden), ("extra_headers", .forbidden),
        ("proxy", .forbidden), ("organization", .forbidden),
    ]
}

/// A set of types that a member's value may have.
struct ValueTypes: OptionSet, Sendable {
    let rawValue: UInt8

    static let number = ValueTypes(rawValue: 1)
    static let integer = ValueTypes(rawValue: 2)
    static let bool = ValueTypes(rawValue: 4)
    static let string = ValueTypes(rawValue: 8)
    static let array = ValueTypes(rawValue: 16)
    static let object = ValueTypes(rawValue: 32)
    static let any = ValueTypes(rawValue: 63)

    /// Whether the value has one of the types.
    func admit(_ value: JSONValue) -> Bool {
        switch value.kind {
        case .number: contains(.number) || (contains(.integer) && value.int64 != nil)
        case .bool: contains(.bool)
        case .string: contains(.string)
        case .array: contains(.array)
        case .object: contains(.object)
        case .null: false
        }
    }

    /// The types in words, e.g. `a string or a list`.
    var description: String {
        let names: [(ValueTypes, String)] = [
            (.number, "a number"), (.integer, "an integer"), (.bool, "a boolean"), (.string, "a string"), (.array, "a list"),
            (.object, "an object"),
        ]
        return names.filter { contains($0.0) }.map(\.1).joined(separator: " or ")
    }
}

extension GatewayError {
    /// The error for a value of the wrong type.
    static func wrongType(_ param: String, expected types: ValueTypes) -> GatewayError {
        GatewayError(.invalidRequest, "Invalid type for '\(param)': expected \(types.description).", param: param)
    }

    /// The error for a value that has the right type but is wrong.
    static func invalid(_ param: String, _ reason: String) -> GatewayError {
        GatewayError(.invalidRequest, "Invalid value for '\(param)': \(reason).", param: param)
    }

    /// The error for what later versions will do.
    static func unsupported(_ param: String, _ what: String) -> GatewayError {
        GatewayError(.invalidRequest, "\(what) not supported by this version.", param: param)
    }
}
