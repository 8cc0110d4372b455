/// Reads `cors:`.
enum CrossOriginDecoder {
    static func rules(_ field: FieldReader) -> CrossOriginRules? {
        guard let reader = field.mapping(.cors) else { return nil }
        guard let items = reader["origins"]?.list(of: "origins such as https://app.example") else {
            if reader["origins"] == nil { field.diagnostics.error(at: field.node.start, "\"\(field.label)\" has no origins") }
            return nil
        }
        guard !items.isEmpty else {
            return field.refuse("\"origins\" is empty; leave \"\(field.label)\" out to allow none")
        }
        return CrossOriginRules(items.compactMap(origin))
    }

    /// An origin as a browser writes it: scheme and host in lower case, no default port, no path.
    private static func origin(_ field: FieldReader) -> String? {
        guard let text = field.text() else { return nil }
        if text == "*" { return text }
        let lowered = text.lowercased()
        if lowered.hasPrefix("http://") || lowered.hasPrefix("https://") {
            do throws(EndpointURL.Unavailability) {
                let url = try EndpointURL(text)
                return url.path.isEmpty ? url.text : field.refuse("the origin \"\(shortened(text))\" must not have a path")
            } catch {
                return field.refuse("the origin \"\(shortened(text))\" \(error.message)")
            }
        }
        // Apps and browser extensions use other schemes.
        guard let slashes = lowered.firstRange(of: "://"), isScheme(lowered[..<slashes.lowerBound]),
            !lowered[slashes.upperBound...].isEmpty,
            lowered[slashes.upperBound...].utf8.allSatisfy({
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "*")
            })
        else { return field.refuse("\"\(shortened(text))\" is no origin; write one such as https://app.example, or \"*\" for all") }
        return lowered
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }
}
