internal import Chat

/// What a fully parsed stream chunk says.
struct OpenAIStreamChunk {
    /// Where the usage stands, if the chunk has one.
    private(set) var usage: UsageSite?
    /// Whether `choices` is there but empty.
    private(set) var hasNoChoices = false
    /// The indexes of the choices that ended.
    private(set) var finished: [Int64] = []
    /// `"id":…,"created":…,"model":…` as they stand in the chunk.
    private(set) var identity: [UInt8] = []

    /// Reads a chunk.
    /// - Parameter wantsIdentity: whether `identity` is needed; only the first chunk's is.
    /// - Throws: an error of the upstream when `text` is not a chunk, or carries an `error`.
    static func read(_ text: UnsafeRawBufferPointer, reader: JSONReader, wantsIdentity: Bool) throws(GatewayError) -> OpenAIStreamChunk {
        let outcome: Result<OpenAIStreamChunk, GatewayError>
        do {
            outcome = try reader.read(text) { (root) throws(GatewayError) in
                Result { () throws(GatewayError) in try OpenAIStreamChunk(root, text, wantsIdentity) }
            }
        } catch { throw OpenAIFailure.unusable("a stream chunk: " + error.publicMessage) }
        return try outcome.get()
    }

    private init(_ root: JSONValue, _ text: UnsafeRawBufferPointer, _ wantsIdentity: Bool) throws(GatewayError) {
        guard root.kind == .object, let members = root.rawMembers else {
            throw OpenAIFailure.unusable("a stream chunk is not a JSON object")
        }
        var hasChoices = false
        var tier: JSONValue?
        for member in members {
            if member.name.isString("choices") {
                hasChoices = true
                try readChoices(member.value)
            } else if member.name.isString("usage") {
                usage = UsageSite(member)
            } else if member.name.isString("service_tier") {
                tier = member.value
            } else if member.name.isString("error"), !member.value.isNull {
                throw OpenAIFailure.embedded(root, in: text)
            } else if wantsIdentity, Self.identifies(member.name) {
                if !identity.isEmpty { identity.append(",") }
                identity.append(contentsOf: text[member.range])
            }
        }
        usage?.note(tier: tier)
        // Some providers send a last chunk with the usage alone.
        if !hasChoices {
            guard usage != nil else { throw OpenAIFailure.unusable("a stream chunk has no choices") }
            hasNoChoices = true
        }
    }

    private static func identifies(_ name: JSONValue) -> Bool {
        name.isString("id") || name.isString("created") || name.isString("model")
    }

    private mutating func readChoices(_ value: JSONValue) throws(GatewayError) {
        guard value.kind == .array else { throw OpenAIFailure.unusable("choices of a stream chunk is not a list") }
        hasNoChoices = value.isEmptyContainer
        for choice in value.elements {
            guard choice.kind == .object else { throw OpenAIFailure.unusable("a choice of a stream chunk is not an object") }
            if choice["finish_reason"]?.kind == .string { finished.append(choice["index"]?.int64 ?? 0) }
        }
    }
}
