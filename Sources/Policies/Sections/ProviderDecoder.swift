import Chat

/// Reads one provider.
struct ProviderDecoder {
    private let reader: MappingReader
    private let entry: NamedField
    private var environment: EnvironmentScope

    /// - Parameter assumesOn: whether to go on without variables that are missing.
    static func decode(_ entry: NamedField, environment: [String: String], assumesOn: Bool) -> ProvidersSection.State {
        guard let reader = entry.value.mapping(.provider) else { return .broken }
        var decoder = ProviderDecoder(reader: reader, entry: entry, environment: EnvironmentScope(environment))
        let provider = decoder.provider(assumesOn: assumesOn)
        let isRequired = reader["required"]?.boolean() ?? false
        if assumesOn, let provider { return .on(provider) }
        if let reason = decoder.missingVariables(isRequired: isRequired) { return isRequired ? .broken : .off(reason: reason) }
        return provider.map { .on($0) } ?? .broken
    }

    private init(reader: MappingReader, entry: NamedField, environment: EnvironmentScope) {
        self.reader = reader
        self.entry = entry
        self.environment = environment
    }

    private mutating func provider(assumesOn: Bool) -> Provider? {
        let kind = self.kind()
        let aws = kind == .bedrock ? awsAccess() : nil
        if let kind { refuseKeysOfOtherKinds(kind) }
        var baseURL = self.baseURL(kind, region: aws?.region)
        let apiKey = self.apiKey()
        let headers = self.headers()
        let caFile = reader["ca_file"].flatMap { path($0) }
        let proxy = reader["proxy"].flatMap { self.proxy($0) }
        let maxConnections = reader["max_connections"].map { $0.integer(in: 1...10_000) ?? 0 } ?? 256
        let http2 = reader["http2"]?.boolean()
        let timeouts = reader["timeouts"].map(Self.timeouts) ?? ProviderTimeouts()
        let retry = reader["retry"].map(CallRulesDecoder.retry) ?? RetryRules()
        let breaker = reader["breaker"].map(CallRulesDecoder.breaker) ?? BreakerRules()
        if assumesOn, baseURL == nil, !environment.missing.isEmpty { baseURL = Self.nowhere }
        guard let kind, let baseURL else { return nil }
        return Provider(
            name: entry.name, kind: kind, baseURL: baseURL, apiKey: apiKey, apiVersion: kind == .azure ? apiVersion() : nil,
            region: aws?.region, awsCredentials: aws?.credentials, headers: headers, caFile: caFile, proxy: proxy,
            maxConnections: maxConnections, http2: http2 ?? baseURL.isSecure, timeouts: timeouts, retry: retry, breaker: breaker)
    }

    /// Stands for an address that a missing variable would give. `.invalid` never resolves (RFC 6761).
    private static let nowhere = try? EndpointURL("http://address-not-set.invalid")

    /// Says which variables are missing; `nil` when none is.
    private func missingVariables(isRequired: Bool) -> String? {
        guard let first = environment.missing.first else { return nil }
        var names: [String] = []
        for (variable, _) in environment.missing where !names.contains(variable) { names.append(variable) }
        let reason = names.joined(separator: " and ") + (names.count == 1 ? " is not set" : " are not set")
        if isRequired {
            entry.value.diagnostics.error(at: first.place, "\(reason) in the environment, and provider \"\(entry.name)\" is required")
        } else {
            entry.value.diagnostics.notice(at: first.place, "provider \"\(entry.name)\" is off: \(reason) in the environment")
        }
        return reason
    }

    private func kind() -> ProviderKind? {
        guard let field = reader["kind"] else { return missing("kind") }
        guard let text = field.text() else { return nil }
        if let kind = ProviderKind(rawValue: text) { return kind }
        let known = ProviderKind.allCases.map(\.rawValue)
        return field.refuse(
            "unknown provider kind \"\(shortened(text))\"; this version knows \(known.joined(separator: ", "))",
            suggestion: EditDistance.nearest(to: text, among: known))
    }

    private mutating func baseURL(_ kind: ProviderKind?, region: String?) -> EndpointURL? {
        guard let field = reader["base_url"] else {
            guard kind?.needsBaseURL == false else { return kind == nil ? nil : missing("base_url") }
            return kind?.defaultBaseURL(region: region).flatMap { try? EndpointURL($0) }
        }
        guard let text = environment.text(field) else { return nil }
        do throws(EndpointURL.Objection) {
            return try EndpointURL(text)
        } catch {
            return field.refuse("the base_url \(error.message)")
        }
    }

    private mutating func apiKey() -> Secret? {
        guard let field = reader["api_key"], let key = environment.text(field) else { return nil }
        guard !key.isEmpty else { return field.refuse("the api_key is empty; leave it out when the provider needs none") }
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), key.utf8.count <= 8192 else {
            return field.refuse("the api_key must be at most 8192 bytes of visible ASCII, without spaces or line breaks")
        }
        return Secret(key)
    }

    private mutating func headers() -> [Provider.Header] {
        guard let field = reader["headers"], let entries = field.entries(expected: "a mapping from header names to texts") else {
            return []
        }
        var headers: [Provider.Header] = []
        var placeOfName: [String: Place] = [:]
        for header in entries {
            let lowered = header.name.lowercased()
            if let first = placeOfName[lowered] {
                field.diagnostics.error(
                    at: header.place, "header \"\(shortened(header.name))\" is given twice, first at \(field.diagnostics.describe(first))")
                continue
            }
            placeOfName[lowered] = header.place
            if let objection = HeaderRules.objection(toName: lowered) {
                field.diagnostics.error(at: header.place, "header \"\(shortened(header.name))\" \(objection)")
            }
            if lowered == "authorization", reader["api_key"] != nil {
                field.diagnostics.error(at: header.place, "a provider has either an api_key or an \"\(header.name)\" header, not both")
            }
            guard let value = environment.text(header.value) else { continue }
            if let objection = HeaderRules.objection(toValue: value) {
                field.diagnostics.error(at: header.value.node.start, "the value of header \"\(shortened(header.name))\" \(objection)")
            }
            headers.append(Provider.Header(name: header.name, value: Secret(value)))
        }
        return headers
    }

    private mutating func path(_ field: FieldReader) -> String? {
        guard let path = environment.text(field) else { return nil }
        guard !path.isEmpty, path.utf8.count <= 4096, !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return field.refuse("\"\(field.label)\" must be the path of a file, at most 4096 bytes without control characters")
        }
        return path
    }

    /// A proxy's URL may carry credentials, so it is stripped of them before it is checked like any other address.
    private mutating func proxy(_ field: FieldReader) -> Secret? {
        guard let text = environment.text(field) else { return nil }
        let lowered = text.lowercased()
        guard let scheme = ["http://", "https://", "socks5://", "socks5h://"].first(where: lowered.hasPrefix) else {
            return field.refuse("the proxy must begin with http://, https://, socks5:// or socks5h://")
        }
        let address = text.dropFirst(scheme.count)
        let host = address.lastIndex(of: "@").map { address[address.index(after: $0)...] } ?? address
        guard address.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return field.refuse("the proxy has spaces or unprintable characters")
        }
        do throws(EndpointURL.Objection) {
            let url = try EndpointURL("http://" + host)
            return url.path.isEmpty ? Secret(text) : field.refuse("the proxy must not have a path")
        } catch {
            return field.refuse("the proxy \(error.message)")
        }
    }

    private static func timeouts(_ field: FieldReader) -> ProviderTimeouts {
        var timeouts = ProviderTimeouts()
        guard let reader = field.mapping(.timeouts) else { return timeouts }
        if let connect = reader["connect"]?.duration() { timeouts.connect = connect }
        if let firstByte = reader["first_byte"]?.duration() { timeouts.firstByte = firstByte }
        if let idle = reader["idle"]?.duration() { timeouts.idle = idle }
        if let total = reader["total"]?.duration() { timeouts.total = total }
        return timeouts
    }

    private func missing<Value>(_ key: String) -> Value? {
        entry.value.diagnostics.error(at: entry.place, "provider \"\(shortened(entry.name))\" has no \(key)")
        return nil
    }
}

extension ProviderDecoder {
    /// Reports keys that mean nothing to `kind`.
    private func refuseKeysOfOtherKinds(_ kind: ProviderKind) {
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

    private mutating func apiVersion() -> String? {
        // The version that Azure declared stable last with every member of the chat API that others build on.
        guard let field = reader["api_version"] else { return "2024-10-21" }
        guard let text = environment.text(field) else { return nil }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") || ($0 | 0x20).isLowercaseLetter })
        else { return field.refuse("\"api_version\" must be a version such as 2024-10-21 or 2025-04-01-preview") }
        return text
    }

    /// The region and the credentials: as written, else from the variables that AWS's own tools read.
    private mutating func awsAccess() -> (region: String?, credentials: AWSCredentials?) {
        let region = self.region()
        let id = awsSecret("access_key_id", variable: "AWS_ACCESS_KEY_ID", isOptional: false)
        let secret = awsSecret("secret_access_key", variable: "AWS_SECRET_ACCESS_KEY", isOptional: false)
        // A token belongs to the key that it came with.
        let hasOwnKey = reader["access_key_id"] != nil
        let token = hasOwnKey && reader["session_token"] == nil ? nil : awsSecret("session_token", variable: "AWS_SESSION_TOKEN", isOptional: true)
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
        guard (1...64).contains(region.utf8.count), region.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") || $0.isLowercaseLetter }) else {
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
    fileprivate var needsBaseURL: Bool {
        switch self {
        case .openai, .azure: true
        case .anthropic, .gemini, .bedrock: false
        }
    }

    fileprivate func defaultBaseURL(region: String?) -> String? {
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
