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
    public var member: String?

    /// Makes the demands of a plain request.
    public init() {}

    /// The union of both demands.
    public func union(_ other: PriceDemands) -> PriceDemands {
        var all = other.tier == .standard ? self : other
        all.cachesForAnHour = cachesForAnHour || other.cachesForAnHour
        all.hasAudioInput = hasAudioInput || other.hasAudioInput
        all.wantsAudio = wantsAudio || other.wantsAudio
        return all
    }
}
