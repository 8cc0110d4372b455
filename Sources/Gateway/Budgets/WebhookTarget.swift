/// The target of a webhook, checked: `https` anywhere, `http` to this machine only.
struct WebhookTarget {
    let url: String
    /// Whether the address is on this machine, which a proxy cannot reach.
    let isLoopback: Bool
    /// Scheme and authority: the part that logs may show, because paths and queries carry tokens.
    let origin: String

    /// Checks an address. Returns `nil` for anything else, and for an address with credentials.
    init?(_ url: String) {
        guard url.utf8.count <= 2_048, url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let lowered = url.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lowered.hasPrefix) else { return nil }
        let authority = lowered.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let (host, isComplete) = Self.host(authority)
        // A backslash ends the host for some readers and not for others.
        guard isComplete, !host.isEmpty, !authority.contains(where: { "@\\".contains($0) }) else { return nil }
        self.url = url
        isLoopback = Self.isLoopback(host)
        origin = scheme + authority
        if scheme == "http://", !isLoopback { return nil }
    }

    /// The host of `authority`, and whether what follows it is a port or nothing.
    private static func host(_ authority: Substring) -> (Substring, Bool) {
        let host: Substring
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else { return ("", false) }
            host = authority[...bracket]
        } else {
            host = authority.prefix { $0 != ":" }
        }
        let rest = authority[host.endIndex...]
        return (host, rest.isEmpty || (rest.first == ":" && UInt16(rest.dropFirst()) != nil && !rest.contains("+")))
    }

    private static func isLoopback(_ host: Substring) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "127" else { return false }
        return parts.allSatisfy { part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil }
    }
}
