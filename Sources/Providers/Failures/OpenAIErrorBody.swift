internal import Chat
internal import Core

/// A provider's error body of OpenAI's dialect, made such that every client can read it.
enum OpenAIErrorBody {
    /// The body with `message`, `type` and `code` as texts and `param` as a text or null; members that OpenAI does not know stay.
    /// - Returns: `nil` when the body has no object `error` with members: then a new body is written.
    static func completed(_ root: JSONValue, _ text: UnsafeRawBufferPointer, _ said: ProviderError) -> [UInt8]? {
        guard let member = root.rawMembers?.first(where: { $0.name.isString("error") }), member.value.kind == .object,
            !member.value.isEmptyContainer
        else { return nil }
        var changes = TextChanges()
        for (name, right) in wanted(said) {
            guard let present = member[name] else {
                changes.insert(Array(",\"\(name)\":".utf8) + right, at: member.valueRange.upperBound - 1)
                continue
            }
            if !isRight(present.value, name, said) { changes.replace(present.valueRange, with: right) }
        }
        var body: [UInt8] = []
        changes.append(text, to: &body)
        return body
    }

    private static func isRight(_ value: JSONValue, _ name: StaticString, _ said: ProviderError) -> Bool {
        switch "\(name)" {
        case "message": value.string == said.message
        case "param": value.isNull || value.kind == .string
        case "code": value.kind == .string && !said.saysTooLong
        default: value.kind == .string
        }
    }

    /// The members that clients read, and what they are where the provider has none or another.
    private static func wanted(_ said: ProviderError) -> [(StaticString, [UInt8])] {
        let code = said.saysTooLong ? OpenAIFailure.contextLengthExceeded : said.code ?? GatewayError.Code.invalidRequest.name
        return [
            ("message", json(said.message)), ("type", json(said.type ?? GatewayError.Code.invalidRequest.type)),
            ("param", said.param.map(json) ?? Array("null".utf8)), ("code", json(code)),
        ]
    }

    private static func json(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendJSONString(text)
        return bytes
    }
}

extension ProviderError {
    /// Whether it says that the account is used up.
    var saysNoQuota: Bool { hasNoQuota || code == "insufficient_quota" || type == "insufficient_quota" }
}
