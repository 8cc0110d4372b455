/// What a name may look like: a provider's, a model's, a team's, a key's.
enum NameRules {
    /// Why `name` cannot be one; `nil` when it can.
    static func unavailability(to name: String, allowingSlash: Bool = true) -> String? {
        let bytes = name.utf8
        if bytes.isEmpty { return "is empty" }
        if bytes.count > PolicyLimits.nameBytes { return "is longer than \(PolicyLimits.nameBytes) bytes" }
        guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { return "has characters other than printable ASCII" }
        if bytes.first == 0x20 || bytes.last == 0x20 { return "begins or ends with a space" }
        if !allowingSlash, bytes.contains(UInt8(ascii: "/")) { return "has a \"/\", which separates a team from its organization" }
        return nil
    }

    /// Whether a client may ask for a model of this name at all: the same rules, and no segment that a URL's path would resolve, because the
    /// name may become part of one.
    static func isPossible(_ name: String) -> Bool {
        unavailability(to: name) == nil
            && name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
                !part.allSatisfy { $0 == UInt8(ascii: ".") } || part.count > 2
            }
    }
}

extension NamedField {
    /// Reports a name that breaks the rules.
    func hasValidName(_ what: String, allowingSlash: Bool = true) -> Bool {
        guard let unavailability = NameRules.unavailability(to: name, allowingSlash: allowingSlash) else { return true }
        value.diagnostics.error(at: place, "the \(what) name \"\(shortened(name))\" \(unavailability)")
        return false
    }
}
