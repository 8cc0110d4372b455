internal import Core

extension PriceDemands {
    /// Adds the demands of a member of a request.
    /// - Returns: whether prices can be known for what it asks for; `false`: it is about something else, or about a tier or an answer that no price list
    ///   has.
    mutating func note(_ name: JSONValue, _ value: JSONValue) -> Bool {
        if name.isString("service_tier") { return note(tier: value, ["auto", "default", "standard", "standard_only"], name) }
        if name.isString("speed") { return note(tier: value, ["standard"], name) }
        if name.isString("modalities") {
            guard value.elements.allSatisfy({ $0.isString("text") || $0.isString("audio") }) else { return false }
            if value.elements.contains(where: { $0.isString("audio") }) { wantSound(name) }
            return true
        }
        guard name.isString("audio") else { return false }
        wantSound(name)
        return true
    }

    private mutating func note(tier word: JSONValue, _ plain: [String], _ name: JSONValue) -> Bool {
        guard let text = word.string else { return false }
        if plain.contains(text) { return true }
        guard let asked = ServiceTier.allCases.first(where: { $0 != .standard && $0.word == text }) else { return false }
        (tier, member) = (asked, name.string)
        return true
    }

    private mutating func wantSound(_ name: JSONValue) {
        wantsAudio = true
        member = member ?? name.string
    }

    /// Whether a request may ask for an hour in the cache (`"ttl": "1h"`). A text that only looks so makes the bound on its cost larger and nothing else.
    /// - Parameter body: any value of the request's body.
    static func mayCacheForAnHour(_ body: JSONValue) -> Bool { body.documentHoldsString("ttl") }
}
