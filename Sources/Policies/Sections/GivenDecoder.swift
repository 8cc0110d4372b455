internal import Chat
internal import Core

/// Reads `given:` of a test: a request.
struct GivenDecoder {
    /// The time of tests that give none: Monday, 2026-01-05T12:00:00Z.
    private static let defaultTime: Int64 = 1_767_614_400

    let timeZone: TimeZoneRules

    func decode(_ field: FieldReader) -> PolicyTest.Given? {
        guard let reader = field.mapping(.given) else { return nil }
        guard let models = models(reader, field), let conversation = conversation(reader) else { return nil }
        var given = PolicyTest.Given()
        given.models = models
        given.conversation = conversation
        given.features = RequestFeatures(requestedModels: models)
        readCaller(reader, into: &given.features)
        readRequest(reader, into: &given.features)
        if let tokens = reader["input_tokens"]?.integer(in: 0...1_000_000_000) {
            given.features.facts.inputTokens.estimate = tokens
            given.hasOwnTokenCount = true
        }
        return given
    }

    private func models(_ reader: MappingReader, _ field: FieldReader) -> [String]? {
        guard let model = reader["model"] else { return field.refuse("the test gives no \"model\"") }
        guard case .list = model.node.content else { return model.text().map { [$0] } }
        let names = model.list(of: "model names")?.map { $0.text() } ?? []
        guard !names.isEmpty else { return model.refuse("\"model\" has no models") }
        return names.contains { $0 == nil } ? nil : names.compactMap(\.self)
    }

    private func conversation(_ reader: MappingReader) -> SampleConversation? {
        let system = reader["system"].map { $0.text() } ?? ""
        guard let system else { return nil }
        guard let messages = reader["messages"] else {
            let prompt = reader["prompt"].map { $0.text() } ?? ""
            return prompt.map { SampleConversation(system: system.isEmpty ? nil : system, prompt: $0) }
        }
        if let prompt = reader["prompt"] { return prompt.refuse("a test gives either a \"prompt\" or \"messages\", not both") }
        let decoded = messages.list(of: "messages")?.map(message) ?? [nil]
        guard !decoded.contains(where: { $0 == nil }) else { return nil }
        let first = system.isEmpty ? [] : [SampleConversation.Message(role: "system", content: system)]
        return SampleConversation(messages: first + decoded.compactMap(\.self))
    }

    private func message(_ field: FieldReader) -> SampleConversation.Message? {
        guard let reader = field.mapping(.message) else { return nil }
        guard let role = reader["role"] else { return field.refuse("the message has no \"role\"") }
        let roles = ["system", "developer", "user", "assistant", "tool"]
        guard let name = role.text() else { return nil }
        guard roles.contains(name) else {
            return role.refuse("unknown role \"\(shortened(name))\"", suggestion: EditDistance.nearest(to: name, among: roles))
        }
        let content = reader["content"].map { $0.text() } ?? ""
        return content.map { SampleConversation.Message(role: name, content: $0) }
    }

    private func readCaller(_ reader: MappingReader, into features: inout RequestFeatures) {
        features.facts.user = reader["user"]?.literal(expected: "a text")
        features.team = reader["team"]?.text()
        features.session = reader["session"]?.literal(expected: "a text")
        if let key = reader["key"]?.text() {
            let name = key.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init) ?? key
            features.keyName = name
            features.keyID = key.contains("#") ? key : features.team.map { "\($0)#\(key)" } ?? key
        }
        features.facts.metadata = texts(reader["metadata"])
        features.headers = Dictionary(texts(reader["headers"]).map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
    }

    private func texts(_ field: FieldReader?) -> [String: String] {
        var texts: [String: String] = [:]
        for entry in field?.entries(expected: "a mapping from names to texts") ?? [] {
            texts[entry.name] = entry.value.literal(expected: "a text")
        }
        return texts
    }

    private func readRequest(_ reader: MappingReader, into features: inout RequestFeatures) {
        features.facts.maxCost = reader["max_cost"].flatMap(amount)
        features.budgetLeft = reader["budget_left"].flatMap(amount)
        features.facts.maxOutputTokens = reader["max_tokens"]?.integer(in: 1...1_000_000_000).map(Int64.init)
        features.facts.hasTools = reader["tools"]?.boolean() ?? false
        features.facts.hasImages = reader["images"]?.boolean() ?? false
        features.facts.wantsStructuredOutput = reader["structured_output"]?.boolean() ?? false
        features.facts.stream = reader["stream"]?.boolean() ?? false
        features.wallTime = reader["time"].map { time($0) ?? Self.defaultTime } ?? Self.defaultTime
    }

    private func amount(_ field: FieldReader) -> NanoUSD? {
        guard let text = field.literal(expected: "an amount in USD") else { return nil }
        guard let amount = NanoUSD(decimal: text), amount >= .zero else {
            return field.refuse("\"\(field.label)\" must be an amount in USD such as 0.05")
        }
        return amount
    }

    /// Reads a time. Without a zone it is in the policies' time zone.
    private func time(_ field: FieldReader) -> Int64? {
        guard let text = field.literal(expected: "a time such as 2026-01-05T09:00:00") else { return nil }
        if let time = CalendarDate.parse(text), text.utf8.count > 10 { return time }
        if let local = CalendarDate.parse(text + "Z") { return local - Int64(timeZone.offset(at: local)) }
        return field.refuse("\"\(field.label)\" must be a time such as 2026-01-05T09:00:00 or 2026-01-05T09:00:00+01:00")
    }
}
