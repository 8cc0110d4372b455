internal import Chat

/// Finds what looks like a secret in a line of text: for files that cannot be parsed, and as a second check for others.
enum SecretLooks {
    /// Prefixes of the keys of well-known services.
    private static let prefixes = [
        "sk-", "sk_", "pk-", "rk_", "gsk_", "xai-", "hf_", "ghp_", "gho_", "github_pat_", "glpat-", "AIza", "AKIA", "ya29.", "eyJ", "xoxb-",
        "xoxp-", "r8_",
        "pplx-", "nvapi-", "tgp_",
    ].map { Array($0.unicodeScalars) }
    private static let shortestToken = 8

    /// Whether values under a key of this name are secrets.
    static func isSecretName(_ name: String) -> Bool {
        let plain = name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }
        if ["apikey", "authorization", "secret", "password", "passwd", "credential", "privatekey", "accesskey"].contains(
            where: plain.contains)
        {
            return true
        }
        // The address of a webhook is itself a credential.
        return plain.hasSuffix("token") || plain == "cookie" || plain == "webhook"
            || EditDistance.between(plain, "apikey", atMost: 2) != nil
    }

    /// Whether every value below this key may be secret.
    static func isHolderOfSecrets(_ name: String) -> Bool { ["headers", "env"].contains(name) }

    /// Whether values under a key of this name are addresses, which may carry credentials or tokens.
    static func isAddressName(_ name: String) -> Bool {
        let plain = name.lowercased()
        return ["url", "uri", "proxy", "webhook", "endpoint", "address"].contains { plain.contains($0) }
    }

    /// Addresses that must not be shown: words with a scheme that have credentials or a query.
    private static func addresses(in line: [Unicode.Scalar]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for index in 0...line.count where index == line.count || " \t\"'".unicodeScalars.contains(line[index]) {
            defer { start = index + 1 }
            guard index > start else { continue }
            let word = String(String.UnicodeScalarView(line[start..<index]))
            let hasScheme = word.contains("://")
            let hasCredentials = word.contains("@") && (hasScheme || word.prefix { $0 != "@" }.contains(":"))
            let hasQuery = word.contains("?") && word.drop { $0 != "?" }.contains("=")
            if hasCredentials || hasQuery || (hasScheme && !isPlainWord(word)) { ranges.append(start..<index) }
        }
        return ranges
    }

    /// Whether the value of an address key can be shown: plain addresses, and words without a password or query.
    private static func isHarmless(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        text.split { " \t\"'".unicodeScalars.contains($0) }.allSatisfy { word in
            let word = String(String.UnicodeScalarView(word))
            return !word.contains { "@?#=;%:\\".contains($0) } || isPlainWord(word)
        }
    }

    /// Whether a word, stripped of YAML's brackets and commas, is an address without credentials and query.
    private static func isPlainWord(_ word: String) -> Bool {
        var rest = word.drop { "[{(".contains($0) }
        while !ShownAddress.isPlain(String(rest)) {
            guard let last = rest.last, ",]}.;:)".contains(last) else { return false }
            rest.removeLast()
        }
        return true
    }

    /// Words that begin like a key, addresses with credentials or a query, and what follows `Bearer` or `Basic`.
    static func tokens(in line: [Unicode.Scalar]) -> [Range<Int>] {
        var ranges = addresses(in: line)
        var start = 0
        var previous = ""
        while start < line.count {
            guard isWordPart(line[start]) else {
                start += 1
                continue
            }
            let end = line[start...].firstIndex { !isWordPart($0) } ?? line.count
            let word = line[start..<end]
            let followsScheme = previous == "bearer" || previous == "basic"
            if followsScheme || (word.count >= shortestToken && prefixes.contains { word.starts(with: $0) }) { ranges.append(start..<end) }
            previous = word.count <= 6 ? String(String.UnicodeScalarView(word)).lowercased() : ""
            start = end
        }
        return ranges
    }

    /// For a line of a file that cannot be parsed: everything behind `api_key:` and the like, also when the name stands on an earlier,
    /// less indented line.
    static func values(inLine index: Int, of lines: [[Unicode.Scalar]]) -> [Range<Int>] {
        let line = lines[index]
        if let start = valueStart(in: line, isSecret: isAddressName), !isHarmless(line[start...]) { return [start..<line.count] }
        if let start = valueStart(in: line, isSecret: isSecretName), start < line.count { return [start..<line.count] }
        var indent = indentation(line)
        for earlier in lines[..<index].reversed().prefix(500) where !earlier.allSatisfy({ $0.properties.isWhitespace }) {
            let outer = indentation(earlier)
            guard outer < indent else { continue }
            indent = outer
            if valueStart(in: earlier, isSecret: { isSecretName($0) || isHolderOfSecrets($0) || isAddressName($0) }) != nil {
                return [hidingValue(of: line)]
            }
            if outer == 0 { break }
        }
        return []
    }

    /// Behind the name and its colon when there are any; all of the line otherwise.
    private static func hidingValue(of line: [Unicode.Scalar]) -> Range<Int> {
        let start = line.firstIndex(of: ":").map { $0 + 1 } ?? 0
        return min(start, line.count)..<line.count
    }

    /// Where the value of the first secret-bearing name of the line starts.
    private static func valueStart(in line: [Unicode.Scalar], isSecret: (String) -> Bool) -> Int? {
        var word = String.UnicodeScalarView()
        for (index, scalar) in line.enumerated() {
            switch scalar {
            case ":":
                if isSecret(String(word)) { return line[(index + 1)...].firstIndex { $0 != " " } ?? index + 1 }
                word = .init()
            case "\"", "'", " ": continue
            case ",", "{", "}", "[", "]", "?": word = .init()
            default: word.append(scalar)
            }
        }
        return nil
    }

    private static func indentation(_ line: [Unicode.Scalar]) -> Int { line.prefix { $0 == " " || $0 == "\t" }.count }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "A"..."Z", "a"..."z", "0"..."9", "-", "_", ".", "+", "/", "=", "~": true
        default: false
        }
    }
}
