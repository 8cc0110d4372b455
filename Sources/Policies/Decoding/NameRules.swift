/// The rules for names of providers, models, teams and keys.
enum NameRules {
    /// Why `name` is not allowed; `nil` when it is.
    static func unavailability(to name: String, allowingSlash: Bool = true) -> String? {
        let bytes = name.utf8
        if bytes.isEmpty { return "is empty" }
        if bytes.count > PolicyLimits.nameBytes { return "is longer than \(PolicyLimits.nameBytes) bytes" }
        guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { return "has characters other than printable ASCII" }
        if bytes.first == 0x20 || bytes.last == 0x20 { return "begins or ends with a space" }
        if !allowingSlash, bytes.contains(UInt8(ascii: "/")) { return "has a \"/\", which separates a team from its organization" }
        return nil
    }

    /// Whether a client may request a model of this name: the same rules, and no segment such as `..`, because the name may become part of
    /// a URL's path.
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
