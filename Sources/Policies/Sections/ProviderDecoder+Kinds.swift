import Chat

extension ProviderDecoder {
    /// Reports keys that mean nothing to `kind`.
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
        if kind == .bedrock, let field = reader["api_key"] {
            entry.value.diagnostics.error(
                at: field.node.start, "bedrock signs its calls; give access_key_id and secret_access_key, or leave them to AWS_… variables")
        }
    }

    mutating func apiVersion() -> String? {
        // The version that Azure declared stable last with every member of the chat API that others build on.
        guard let field = reader["api_version"] else { return "2024-10-21" }
        guard let text = environment.text(field) else { return nil }
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") || ($0 | 0x20).isLowercaseLetter })
        else { return field.refuse("\"api_version\" must be a version such as 2024-10-21 or 2025-04-01-preview") }
        return text
    }

    /// The region and the credentials: as written, else from the variables that AWS's own tools read.
    mutating func awsAccess() -> (region: String?, credentials: AWSCredentials?) {
        let region = self.region()
        let id = awsSecret("access_key_id", variable: "AWS_ACCESS_KEY_ID", isOptional: false)
        let secret = awsSecret("secret_access_key", variable: "AWS_SECRET_ACCESS_KEY", isOptional: false)
        // A token belongs to the key that it came with.
        let hasOwnKey = reader["access_key_id"] != nil
        let token =
            hasOwnKey && reader["session_token"] == nil ? nil : awsSecret("session_token", variable: "AWS_SESSION_TOKEN", isOptional: true)
        guard let id, let secret else { return (region, nil) }
        return (region, AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token))
    }

    private mutating func region() -> String? {
        let written = reader["region"].map { environment.text($0) }
        let inherited = environment.value(of: "AWS_REGION") ?? environment.value(of: "AWS_DEFAULT_REGION")
        guard let region = written ?? inherited else {
            if written == nil {
                entry.value.diagnostics.error(
                    at: entry.place, "provider \"\(shortened(entry.name))\" has no region, and AWS_REGION is not set in the environment")
            }
            return nil
        }
        guard (1...64).contains(region.utf8.count),
            region.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") || $0.isLowercaseLetter })
        else {
            entry.value.diagnostics.error(at: reader["region"]?.node.start ?? entry.place, "the region must be one such as us-east-1")
            return nil
        }
        return region
    }

    private mutating func awsSecret(_ key: String, variable: String, isOptional: Bool) -> Secret? {
        let text: String?
        if let field = reader[key] {
            text = environment.text(field)
        } else {
            text = isOptional ? environment.value(of: variable) : environment.required(variable, at: entry.place)
        }
        guard let text else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.utf8.count <= 8192 else {
            entry.value.diagnostics.error(
                at: reader[key]?.node.start ?? entry.place, "\"\(key)\" must be visible ASCII, without spaces or line breaks")
            return nil
        }
        return Secret(text)
    }
}

extension ProviderKind {
    /// Whether the address differs from customer to customer.
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
