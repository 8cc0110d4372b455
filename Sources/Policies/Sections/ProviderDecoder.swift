internal import Chat
internal import Core

/// Reads one provider.
struct ProviderDecoder {
    let reader: MappingReader
    let entry: NamedField
    var environment: EnvironmentScope

    /// - Parameter assumesOn: whether a provider with missing variables is on.
    static func decode(_ entry: NamedField, environment: [String: String], assumesOn: Bool) -> ProvidersSection.State {
        guard let reader = entry.value.mapping(.provider) else { return .broken }
        var decoder = ProviderDecoder(reader: reader, entry: entry, environment: EnvironmentScope(environment))
        let provider = decoder.provider(assumesOn: assumesOn)
        let isRequired = reader["required"]?.boolean() ?? false
        if assumesOn, let provider { return .on(provider) }
        if let reason = decoder.reasonToBeOff(isRequired: isRequired) { return isRequired ? .broken : .off(reason: reason) }
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
        let apiKey = kind == .bedrock ? bedrockKey() : self.apiKey()
        let headers = self.headers()
        let caFile = reader["ca_file"].flatMap { path($0) }
        let proxy = reader["proxy"].flatMap { self.proxy($0) }
        let maxConnections = reader["max_connections"].map { $0.integer(in: 1...10_000) ?? 0 } ?? 256
        let http2 = reader["http2"]?.boolean()
        let timeouts = reader["timeouts"].map(Self.timeouts) ?? ProviderTimeouts()
        let retry = reader["retry"].map(CallRulesDecoder.retry) ?? RetryRules()
        let breaker = reader["breaker"].map(CallRulesDecoder.breaker) ?? BreakerRules()
        if assumesOn, baseURL == nil, !environment.isComplete { baseURL = Self.nowhere }
        guard let kind, let baseURL else { return nil }
        return Provider(
            name: entry.name, kind: kind, baseURL: baseURL, shownAddress: shownAddress(of: baseURL), apiKey: apiKey,
            apiVersion: kind == .azure ? apiVersion() : nil,
            region: aws?.region, awsCredentials: aws?.credentials, headers: headers, caFile: caFile, proxy: proxy,
            maxConnections: maxConnections, http2: http2 ?? baseURL.isSecure, timeouts: timeouts, retry: retry, breaker: breaker)
    }

    /// Replaces an address whose variable is missing. `.invalid` never resolves (RFC 6761).
    private static let nowhere = try? EndpointURL("http://address-not-set.invalid")

    /// Which variables are missing or cannot be used; `nil` when none.
    private func reasonToBeOff(isRequired: Bool) -> String? {
        let places = environment.missing.map(\.place) + environment.broken.map(\.place)
        guard let first = places.min() else { return nil }
        var names: [String] = []
        for (variable, _) in environment.missing where !names.contains(variable) { names.append(variable) }
        var reasons: [String] = []
        for (reason, _) in environment.broken where !reasons.contains(reason) { reasons.append(reason) }
        let unset = names.isEmpty ? nil : names.joined(separator: " and ") + (names.count == 1 ? " is not set" : " are not set")
        let told = ([unset.map { $0 + " in the environment" }].compactMap(\.self) + reasons).joined(separator: "; ")
        if isRequired {
            entry.value.diagnostics.error(at: first, "\(told), and provider \"\(entry.name)\" is required")
        } else {
            entry.value.diagnostics.notice(at: first, topic: .providerOff, "provider \"\(entry.name)\" is off: \(told)")
        }
        return ([unset].compactMap(\.self) + reasons).joined(separator: "; ")
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
        do throws(EndpointURL.Unavailability) {
            return try EndpointURL(text)
        } catch {
            return environment.refuse(field, "the base_url \(error.message)")
        }
    }

    private func shownAddress(of url: EndpointURL) -> String {
        guard let written = reader["base_url"]?.text(), EnvironmentReference.hasVariable(written) else {
            return ShownAddress.text(url.text)
        }
        return ShownAddress.text(written)
    }

    mutating func apiKey() -> Secret? {
        guard let field = reader["api_key"], let key = environment.text(field) else { return nil }
        guard !key.isEmpty else { return field.refuse("the api_key is empty; leave it out when the provider needs none") }
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), key.utf8.count <= 8192 else {
            return environment.refuse(field, "the api_key must be at most 8192 bytes of visible ASCII, without spaces or line breaks")
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
            if let unavailability = HeaderRules.unavailability(toName: lowered) {
                field.diagnostics.error(at: header.place, "header \"\(shortened(header.name))\" \(unavailability)")
            }
            if lowered == "authorization", reader["api_key"] != nil {
                field.diagnostics.error(at: header.place, "a provider has either an api_key or an \"\(header.name)\" header, not both")
            }
            guard let value = environment.text(header.value) else { continue }
            if let unavailability = HeaderRules.unavailability(toValue: value) {
                let _: String? = environment.refuse(header.value, "the value of header \"\(shortened(header.name))\" \(unavailability)")
            }
            headers.append(Provider.Header(name: header.name, value: Secret(value)))
        }
        return headers
    }

    private mutating func path(_ field: FieldReader) -> String? {
        guard let path = environment.text(field) else { return nil }
        guard !path.isEmpty, path.utf8.count <= 4096, !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return environment.refuse(field, "\"\(field.label)\" must be the path of a file, at most 4096 bytes without control characters")
        }
        return path
    }

    /// Reads a proxy's URL. It may have credentials, which are removed before it is checked like any other address.
    private mutating func proxy(_ field: FieldReader) -> Secret? {
        guard let text = environment.text(field) else { return nil }
        let lowered = text.lowercased()
        guard let scheme = ["http://", "https://", "socks5://", "socks5h://"].first(where: lowered.hasPrefix) else {
            return environment.refuse(field, "the proxy must begin with http://, https://, socks5:// or socks5h://")
        }
        let address = text.dropFirst(scheme.count)
        let host = address.lastIndex(of: "@").map { address[address.index(after: $0)...] } ?? address
        guard address.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return environment.refuse(field, "the proxy has spaces or unprintable characters")
        }
        do throws(EndpointURL.Unavailability) {
            let url = try EndpointURL("http://" + host)
            return url.path.isEmpty ? Secret(text) : environment.refuse(field, "the proxy must not have a path")
        } catch {
            return environment.refuse(field, "the proxy \(error.message)")
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
