internal import Chat
internal import Core

extension ProviderDecoder {
    /// Reports keys that do not apply to `kind`.
    func refuseKeysOfOtherKinds(_ kind: ProviderKind) {
        var foreign: [(key: String, owner: ProviderKind)] = []
        if kind != .azure { foreign.append(("api_version", .azure)) }
        if kind != .bedrock {
            foreign += ["region", "access_key_id", "secret_access_key", "session_token"].map { ($0, .bedrock) }
        }
        for (key, owner) in foreign {
            guard let field = reader[key] else { continue }
            entry.value.diagnostics.error(
                at: field.node.start, "\"\(key)\" belongs to providers of kind \(owner.rawValue), and this one is \(kind.rawValue)")
        }
        if kind == .bedrock, let field = reader["api_key"],
            ["access_key_id", "secret_access_key", "session_token"].contains(where: { reader[$0] != nil })
        {
            entry.value.diagnostics.error(
                at: field.node.start, "a bedrock provider has either an api_key or access_key_id and secret_access_key, not both")
        }
    }

    mutating func apiVersion() -> String? {
        // The latest stable version of Azure's API with all members of the chat API in common use.
        guard let field = reader["api_version"] else { return "2024-10-21" }
        guard let text = environment.text(field) else { return nil }
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") || ($0 | 0x20).isLowercaseLetter })
        else { return environment.refuse(field, "\"api_version\" must be a version such as 2024-10-21 or 2025-04-01-preview") }
        return text
    }

    /// A Bedrock API key, which is sent instead of a signature: as written, else from the variable that AWS's tools read, unless the
    /// provider has other credentials. `nil`: calls are signed.
    mutating func bedrockKey() -> Secret? {
        if reader["api_key"] != nil { return apiKey() }
        if reader["access_key_id"] != nil || reader["secret_access_key"] != nil { return nil }
        guard let key = environment.optional(Self.bedrockKeyVariable, at: entry.place) else { return nil }
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), key.utf8.count <= 8192 else {
            environment.refuse(variable: Self.bedrockKeyVariable, at: entry.place, "it must be visible ASCII without spaces")
            return nil
        }
        return Secret(key)
    }

    private static let bedrockKeyVariable = "AWS_BEARER_TOKEN_BEDROCK"

    /// The region and the credentials: as written, else from the variables that AWS's tools read.
    mutating func awsAccess() -> (region: String?, credentials: AWSCredentials?) {
        let region = self.region()
        let hasKeys = reader["access_key_id"] != nil || reader["secret_access_key"] != nil
        if reader["api_key"] != nil || (!hasKeys && environment.has(Self.bedrockKeyVariable)) { return (region, nil) }
        let id = awsSecret("access_key_id", variable: "AWS_ACCESS_KEY_ID", isOptional: false)
        let secret = awsSecret("secret_access_key", variable: "AWS_SECRET_ACCESS_KEY", isOptional: false)
        // A session token is valid only with its own access key.
        let hasOwnKey = reader["access_key_id"] != nil
        let token =
            hasOwnKey && reader["session_token"] == nil ? nil : awsSecret("session_token", variable: "AWS_SESSION_TOKEN", isOptional: true)
        guard let id, let secret else { return (region, nil) }
        return (region, AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token))
    }

    private mutating func region() -> String? {
        let written = reader["region"].map { environment.text($0) }
        let inherited =
            written == nil
            ? environment.optional("AWS_REGION", at: entry.place) ?? environment.optional("AWS_DEFAULT_REGION", at: entry.place) : nil
        guard let region = written ?? inherited else {
            if written == nil, environment.isComplete {
                entry.value.diagnostics.error(
                    at: entry.place, "provider \"\(shortened(entry.name))\" has no region, and AWS_REGION is not set in the environment")
            }
            return nil
        }
        guard (1...64).contains(region.utf8.count),
            region.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") || $0.isLowercaseLetter })
        else {
            if let field = reader["region"] { return environment.refuse(field, "the region must be one such as us-east-1") }
            environment.refuse(variable: "AWS_REGION", at: entry.place, "the region must be one such as us-east-1")
            return nil
        }
        return region
    }

    private mutating func awsSecret(_ key: String, variable: String, isOptional: Bool) -> Secret? {
        let text: String?
        if let field = reader[key] {
            text = environment.text(field)
        } else {
            text = isOptional ? environment.optional(variable, at: entry.place) : environment.required(variable, at: entry.place)
        }
        guard let text else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.utf8.count <= 8192 else {
            let message = "\"\(key)\" must be visible ASCII, without spaces or line breaks"
            if let field = reader[key] { return environment.refuse(field, message) }
            environment.refuse(variable: variable, at: entry.place, message)
            return nil
        }
        return Secret(text)
    }
}

extension ProviderKind {
    /// Whether the address differs between customers.
    var needsBaseURL: Bool {
        switch self {
        case .openai, .azure: true
        case .anthropic, .gemini, .bedrock: false
        }
    }

    func defaultBaseURL(region: String?) -> String? {
        switch self {
        case .openai, .azure: nil
        case .anthropic: "https://api.anthropic.com"
        case .gemini: "https://generativelanguage.googleapis.com"
        case .bedrock: region.map { "https://bedrock-runtime.\($0).amazonaws.com" }
        }
    }
}

extension UInt8 {
    fileprivate var isLowercaseLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
}
