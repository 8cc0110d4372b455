/// An address (of a provider, a proxy, a webhook) in the form that may be shown in logs, errors, summaries and answers. The one place that
/// decides which parts of an address may be shown.
///
/// Shown are scheme, host, port and the path's plain segments; user, password, query, fragment, and whatever does not look like part of a
/// plain address become `***`. `${NAME}` stands for itself: the value of a variable is never filled in before.
public enum ShownAddress {
    private static let mask = "***"
    private static let longestScheme = 12
    /// The longest segment of letters and digits that is shown; longer ones may be tokens.
    private static let longestSegment = 32
    private static let longestMixedSegment = 23

    /// `address` with its secret parts replaced. Idempotent.
    public static func text(_ address: String) -> String {
        let (scheme, rest) = schemeAndRest(address)
        let body = rest.prefix { !"?#\\".contains($0) }
        let tail = rest[body.endIndex...]
        // An "@" behind the query may end a password that has a "?" in it, and may as well be part of the query.
        if tail.contains("@") { return scheme + mask }
        let credentials = body.lastIndex(of: "@")
        let place = credentials.map { body[body.index(after: $0)...] } ?? body
        let end = place.firstIndex(of: "/") ?? place.endIndex
        let host = authority(place[..<end])
        let path = place[end...].split(separator: "/", omittingEmptySubsequences: false).map { isPlainSegment($0) ? String($0) : mask }
        return scheme + (credentials == nil ? "" : mask + "@") + host + path.joined(separator: "/") + (tail.isEmpty ? "" : "?" + mask)
    }

    /// An argument or file name with its secret parts replaced, in case it is an address with credentials. It is shown whole if it has no
    /// scheme, user, query or fragment.
    public static func argument(_ text: String) -> String {
        text.contains("://") || text.contains { "@?#".contains($0) } ? Self.text(text) : text
    }

    /// Whether all of `address` may be shown.
    public static func isPlain(_ address: String) -> Bool { text(address) == address }

    private static func schemeAndRest(_ address: String) -> (String, Substring) {
        guard let separator = address.firstRange(of: "://") else { return ("", address[...]) }
        let scheme = address[..<separator.lowerBound]
        let isScheme =
            (1...longestScheme).contains(scheme.utf8.count)
            && scheme.utf8.allSatisfy { isLetter($0) || isDigit($0) || "+.-".utf8.contains($0) }
        return isScheme ? (scheme + "://", address[separator.upperBound...]) : ("", address[...])
    }

    /// Host and port; a host alone, since a port that is not a number may be a password.
    private static func authority(_ text: Substring) -> String {
        if text == mask { return mask }
        if text.first == "[", let bracket = text.firstIndex(of: "]") {
            let inside = text[text.index(after: text.startIndex)..<bracket]
            let isAddress = inside.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0 | 0x20) || ":.".utf8.contains($0) }
            return isAddress ? text[...bracket] + port(text[text.index(after: bracket)...]) : mask
        }
        let plain = withoutVariables(text)
        guard let plain, !plain.contains("*") else { return mask }
        let host = text.prefix { $0 != ":" }
        guard withoutVariables(host) != nil, isPlainSegment(host) else { return mask }
        let rest = text[host.endIndex...]
        return port(rest).hasPrefix(":" + mask) ? mask : host + port(rest)
    }

    private static func port(_ text: Substring) -> String {
        guard let digits = text.first == ":" ? text.dropFirst() : nil else { return text.isEmpty ? "" : ":" + mask }
        let isNumber = digits.utf8.count <= 5 && digits.utf8.allSatisfy(isDigit)
        return isNumber || withoutVariables(digits) == "" ? ":" + digits : ":" + mask
    }

    /// Whether a part of a path can be shown: a word that does not look like a token.
    private static func isPlainSegment(_ text: Substring) -> Bool {
        if text == mask { return true }
        guard let plain = withoutVariables(text), plain.utf8.count <= longestSegment else { return false }
        guard plain.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "._~-".utf8.contains($0) }) else { return false }
        let isMixed = plain.utf8.contains(where: isLetter) && plain.utf8.contains(where: isDigit)
        return !isMixed || plain.utf8.count <= longestMixedSegment
    }

    /// `text` without its `${NAME}`; `nil` when a `${` is not closed.
    private static func withoutVariables(_ text: Substring) -> String? {
        var plain = ""
        var rest = text
        while let start = rest.firstRange(of: "${") {
            plain += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else { return nil }
            let name = rest[start.upperBound..<end]
            guard !name.isEmpty, name.utf8.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }) else { return nil }
            rest = rest[rest.index(after: end)...]
        }
        return plain + rest
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
