/// What a call may be charged for besides plain text at the standard tier.
public struct PriceDemands: Hashable, Sendable {
    /// The requested tier.
    public var tier = ServiceTier.standard
    /// Whether something is to be kept in the prompt cache for an hour.
    public var cachesForAnHour = false
    /// Whether the input has audio.
    public var hasAudioInput = false
    /// Whether the answer may have audio.
    public var wantsAudio = false
    /// The member of the request that asks for the tier, or else for audio; `nil`: none.
    public private(set) var member: String?

    /// Makes the demands of a plain request.
    public init() {}

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

    /// The union of both demands.
    public func union(_ other: PriceDemands) -> PriceDemands {
        var all = other.tier == .standard ? self : other
        all.cachesForAnHour = cachesForAnHour || other.cachesForAnHour
        all.hasAudioInput = hasAudioInput || other.hasAudioInput
        all.wantsAudio = wantsAudio || other.wantsAudio
        return all
    }
}
