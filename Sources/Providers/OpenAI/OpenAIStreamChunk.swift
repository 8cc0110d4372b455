internal import Chat
internal import Core

/// What a fully parsed stream chunk says.
struct OpenAIStreamChunk {
    /// Where usage stands: at the root, in a choice (Moonshot), in `x_groq` (Groq).
    private(set) var usages: [UsageSite] = []
    /// Whether there is no choice in it.
    private(set) var hasNoChoices = false
    /// The indexes of the choices that ended.
    private(set) var finished: [Int64] = []
    /// The content that the deltas carry.
    private(set) var content = CarriedContent()
    /// What must change for every client to read it.
    private(set) var changes = TextChanges()
    /// Its `id`, `created` and `model`.
    private(set) var identity = StreamIdentity.Members()
    /// Padding, which differs from chunk to chunk.
    private(set) var padding: [ChunkTemplate.Hole] = []

    /// Whether anything in it is the answer, or its end.
    var isContent: Bool { content.isSomething || !finished.isEmpty }

    /// Reads a chunk.
    /// - Throws: an error of the upstream when `text` is not a chunk, carries an error, or says that the provider failed.
    static func read(_ text: UnsafeRawBufferPointer, reader: JSONReader) throws(GatewayError) -> OpenAIStreamChunk {
        let outcome: Result<OpenAIStreamChunk, GatewayError>
        do {
            outcome = try reader.read(text) { (root) throws(GatewayError) in
                Result { () throws(GatewayError) in try OpenAIStreamChunk(root, text) }
            }
        } catch { throw OpenAIFailure.unusable("a stream chunk: " + error.publicMessage) }
        return try outcome.get()
    }

    private init(_ root: JSONValue, _ text: UnsafeRawBufferPointer) throws(GatewayError) {
        guard root.kind == .object, let members = root.rawMembers else {
            throw OpenAIFailure.unusable("a stream chunk is not a JSON object")
        }
        if OpenAIFailure.isReported(in: root) { throw OpenAIFailure.embedded(root, in: text) }
        var hasChoices = false
        var tier: JSONValue?
        for member in members {
            if identity.start == 0 { identity.start = member.nameRange.lowerBound }
            if member.name.isString("choices") {
                hasChoices = true
                try readChoices(member)
            } else if member.name.isString("usage") {
                if let site = UsageSite(member) { usages.insert(site, at: 0) }
            } else if member.name.isString("service_tier") {
                tier = member.value
            } else if member.name.isString("x_groq") {
                if let site = member["usage"].flatMap(UsageSite.init) { usages.append(site) }
            } else if member.name.isString("obfuscation"), member.value.kind == .string {
                padding.append(
                    ChunkTemplate.Hole(range: member.valueRange.lowerBound + 1..<member.valueRange.upperBound - 1, isText: false))
            } else {
                identity.note(member)
            }
        }
        for index in usages.indices { usages[index].note(tier: tier) }
        // Some providers send a last chunk with the usage alone.
        if !hasChoices {
            guard !usages.isEmpty else { throw OpenAIFailure.unusable("a stream chunk has no choices") }
            hasNoChoices = true
            changes.insert(Array("\"choices\":[],".utf8), at: identity.start)
        }
    }

    private mutating func readChoices(_ choices: JSONRawMember) throws(GatewayError) {
        if choices.value.isNull {
            changes.replace(choices.valueRange, with: "[]")
            hasNoChoices = true
            return
        }
        guard choices.value.kind == .array else { throw OpenAIFailure.unusable("choices of a stream chunk is not a list") }
        hasNoChoices = choices.value.isEmptyContainer
        for choice in choices.rawElements {
            guard choice.value.kind == .object else { throw OpenAIFailure.unusable("a choice of a stream chunk is not an object") }
            try readChoice(choice)
        }
    }

    private mutating func readChoice(_ choice: JSONRawElement) throws(GatewayError) {
        var delta: JSONRawMember?
        var message: JSONRawMember?
        var firstName: Int?
        for member in choice.rawMembers {
            firstName = firstName ?? member.nameRange.lowerBound
            if member.name.isString("delta") {
                delta = member
            } else if member.name.isString("message") {
                message = member
            } else if member.name.isString("usage") {
                if let site = UsageSite(member) { usages.append(site) }
            } else if member.name.isString("finish_reason") {
                try readFinish(member, of: choice.value)
            }
        }
        if let delta, delta.value.kind == .object { return content.read(delta, isDelta: true, &changes) }
        if let message, message.value.kind == .object {
            // Servers that answer at once and only pretend to stream.
            changes.replace(message.nameRange, with: "\"delta\"")
            if let delta { changes.replace(delta.nameRange, with: "\"no_delta\"") }
            return content.read(message, isDelta: true, &changes)
        }
        if let delta {
            changes.replace(delta.valueRange, with: "{}")
        } else if let firstName {
            changes.insert(Array("\"delta\":{},".utf8), at: firstName)
        }
    }

    private mutating func readFinish(_ member: JSONRawMember, of choice: JSONValue) throws(GatewayError) {
        let word = FinishWord(member.value)
        switch word {
        case .none: if !member.value.isNull { changes.replace(member.valueRange, with: "null") }
        case .known: finished.append(choice["index"]?.int64 ?? 0)
        case .foreign(let reason):
            finished.append(choice["index"]?.int64 ?? 0)
            changes.replace(
                member.valueRange, with: FinishWord.members(reason, native: member, isSaid: choice["native_finish_reason"] != nil))
        case .failure: throw OpenAIFailure.failedToFinish(member.value.string)
        }
    }
}

extension FinishWord {
    /// A value of `finish_reason`, with the provider's own word behind it.
    /// - Parameter isSaid: whether the provider says it there itself.
    static func members(_ reason: FinishReason, native: JSONRawMember, isSaid: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(reason.json)
        guard !isSaid, native.value.kind == .string, native.valueRange.count <= 66 else { return bytes }
        bytes.append(",\"native_finish_reason\":")
        bytes.append(contentsOf: native.valueText)
        return bytes
    }
}
