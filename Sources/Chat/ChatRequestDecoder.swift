/// Walks once over the members of a chat request's body: checks them, keeps the facts and plans the upstream's body.
struct ChatRequestDecoder {
    private(set) var facts = RequestFacts()
    private(set) var wantsUsage = false
    private(set) var limitMembers: [LimitMember] = []
    private(set) var promptBytes = 0
    private(set) var messageCount = 0
    private(set) var media = MediaTally()
    private(set) var toolCalls = 0
    private var parts = 0
    private var tools = 0
    private(set) var surcharge: String?
    private(set) var splice = RequestSplice()

    private var hasMessages = false
    private var fallbacks: [RequestedModel] = []
    private var hasStreamOptions = false

    static func decode(_ root: JSONValue) throws(GatewayError) -> ChatRequestDecoder {
        guard root.kind == .object, let members = root.rawMembers else {
            throw GatewayError(.invalidRequest, "The request body must be a JSON object.")
        }
        var decoder = ChatRequestDecoder()
        // The handling of `stream_options` depends on `stream`, which may come later.
        decoder.facts.stream = root["stream"]?.bool ?? false
        for member in members { try decoder.visit(member) }
        try decoder.joinModels()
        try decoder.requireMembers()
        decoder.splice.finish(adding: decoder.facts.stream && !decoder.hasStreamOptions ? .streamOptions : nil)
        return decoder
    }

    private func requireMembers() throws(GatewayError) {
        if facts.models.isEmpty { throw GatewayError(.invalidRequest, "Missing required parameter: 'model'.", param: "model") }
        if !hasMessages { throw GatewayError(.invalidRequest, "Missing required parameter: 'messages'.", param: "messages") }
    }

    private mutating func visit(_ member: JSONRawMember) throws(GatewayError) {
        let value = member.value
        let rule = RequestMember(name: member.name)
        if value.isNull || (value.kind == .array && value.isEmptyContainer) {
            // Real providers refuse `"tools": null`, `"tools": []` and the like, which SDKs send all the time.
            if case .messages = rule, value.kind == .array { throw .invalid("messages", "the list must not be empty") }
            return splice.drop()
        }
        switch rule {
        case .model:
            facts.models = try RequestedModel.read(value, "model")
            splice.keep(member, replacing: member.valueRange, by: [.model])
        case .models:
            fallbacks = try RequestedModel.read(value, "models")
            splice.drop()
        case .maxCost:
            facts.maxCost = try RequestTags.maxCost(value)
            splice.drop()
        case .maxOutputTokens:
            try readMaxOutputTokens(value, name(of: member))
            if limitMembers.isEmpty {
                splice.keep(member, replacing: member.range, by: [.outputLimit(member.range)])
            } else {
                splice.drop()
            }
            limitMembers.append(LimitMember(range: member.range, name: OutputLimit.Name(rawValue: name(of: member))))
        case .streamOptions: try visitStreamOptions(member)
        case .user, .metadata:
            try readFact(rule, value)
            splice.drop()
        case .mcpServers, .maxTurns:
            try readFact(rule, value)
            splice.drop()
        case .hint: splice.drop()
        case .unsupported: throw .unsupported(name(of: member), "'\(name(of: member))' is")
        case .forbidden:
            throw GatewayError(.invalidRequest, "'\(name(of: member))' may not be set by a request.", param: name(of: member))
        case .lookalike(let known): throw .invalid(name(of: member), "write it '\(known)'")
        case .typed(let types), .surcharged(let types, _), .reasoning(let types):
            guard types.admit(value) else { throw .wrongType(name(of: member), expected: types) }
            try MemberCheck.check(member.name, value)
            if case .surcharged(_, let isPlain) = rule, !facts.demands.note(member.name, value), !isPlain(value) {
                surcharge = name(of: member)
                media.note(memberOfRequest: member.name)
            }
            if case .reasoning = rule { facts.asksToReason = facts.asksToReason == true || !Self.isOff(value) }
            keep(member)
        case .messages:
            try readFact(rule, value)
            splice.keep(member)
        case .other:
            media.note(memberOfRequest: member.name)
            keep(member)
        default:
            try readFact(rule, value)
            keep(member)
        }
    }

    /// The bytes that a translation to another dialect adds.
    var translationBytes: Int {
        InputTokens.translation(messages: messageCount, parts: parts, tools: tools, toolCalls: toolCalls)
    }

    /// Whether a member about reasoning turns it off, in the words of OpenAI, Anthropic or OpenRouter.
    private static func isOff(_ value: JSONValue) -> Bool {
        value.isString("none") || value["type"]?.isString("disabled") == true || value["effort"]?.isString("none") == true
            || value["enabled"]?.bool == false
    }

    /// `models` goes on where `model` ends; a name that stands in both is tried once.
    private mutating func joinModels() throws(GatewayError) {
        guard !fallbacks.isEmpty else { return }
        if facts.models.isEmpty {
            facts.models = fallbacks
            splice.add([.text(.modelName), .model])
        } else {
            for model in fallbacks where !facts.models.contains(where: { $0.name == model.name }) { facts.models.append(model) }
        }
        guard facts.models.count <= RequestedModel.longestList else {
            throw .invalid("models", "expected at most \(RequestedModel.longestList) models")
        }
    }

    private mutating func keep(_ member: JSONRawMember) {
        splice.keep(member)
        switch member.value.kind {
        case .string, .array, .object: promptBytes += member.valueRange.count
        case .number, .bool, .null: break
        }
    }

    private func name(of member: JSONRawMember) -> String { member.name.string ?? "" }

    private mutating func readFact(_ rule: RequestMember, _ value: JSONValue) throws(GatewayError) {
        switch rule {
        case .stream: guard value.bool != nil else { throw .wrongType("stream", expected: .bool) }
        case .messages:
            let check = try MessageCheck(value)
            hasMessages = true
            messageCount = check.count
            (media, parts, toolCalls) = (media.merging(check.media), check.parts, check.toolCalls)
            promptBytes += check.textBytes
        case .choices:
            guard let n = value.int64 else { throw .wrongType("n", expected: .integer) }
            guard (1...128).contains(n) else { throw .invalid("n", "expected 1 to 128") }
            facts.choices = max(facts.choices, Int(n))
        case .tools:
            tools = try ToolCheck.check(value)
            facts.hasTools = true
            if value.elements.contains(where: ToolCheck.isProvidersOwn) { surcharge = "tools" }
        case .functions:
            try ToolCheck.checkFunctions(value)
            facts.hasTools = true
        case .responseFormat:
            try MemberCheck.checkFormat(value)
            facts.wantsStructuredOutput = value["type"].map { !$0.isString("text") } ?? true
        case .user: facts.user = try RequestTags.user(value)
        case .mcpServers:
            facts.mcpServers = try RequestedServers.read(value)
            // The tools of the servers are offered to the model.
            facts.hasTools = true
        case .maxTurns:
            guard let turns = value.int64 else { throw .wrongType("max_turns", expected: .integer) }
            guard (1...100).contains(turns) else { throw .invalid("max_turns", "expected 1 to 100") }
            facts.maxTurns = Int(turns)
        case .metadata: facts.metadata = try RequestTags.metadata(value)
        default: break
        }
    }

    private mutating func readMaxOutputTokens(_ value: JSONValue, _ name: String) throws(GatewayError) {
        guard let limit = value.int64 else { throw .wrongType(name, expected: .integer) }
        guard limit > 0 else { throw .invalid(name, "expected 1 or more") }
        // Of several limits the largest is the worst case.
        facts.maxOutputTokens = max(limit, facts.maxOutputTokens ?? 0)
    }

    /// Keeps the client's options except `include_usage`, which is always requested, because the bill needs it.
    private mutating func visitStreamOptions(_ member: JSONRawMember) throws(GatewayError) {
        guard member.value.kind == .object else { throw .wrongType("stream_options", expected: .object) }
        let option = member.rawMembers.first { $0.name.isString("include_usage") }
        if let option {
            guard option.value.bool != nil || option.value.isNull else {
                throw .wrongType("stream_options.include_usage", expected: .bool)
            }
            wantsUsage = option.value.bool == true
        }
        try ValueCheck.optional(member.value["include_obfuscation"], .bool, "stream_options.include_obfuscation")
        guard facts.stream else { return splice.drop() }
        hasStreamOptions = true
        if let option {
            splice.keep(member, replacing: option.valueRange, by: [.text(.trueValue)])
        } else {
            let inside = member.valueRange.lowerBound + 1
            let comma: [ChatRequest.Piece] = member.value.isEmptyContainer ? [] : [.text(.comma)]
            splice.keep(member, replacing: inside..<inside, by: [.text(.includeUsage)] + comma)
        }
    }
}
