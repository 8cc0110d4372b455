public import Core

/// What one payer spent on one model in one stretch of time.
public struct SpendingTotal: Hashable, Sendable {
    /// The organization that paid.
    public let organization: String?
    /// The path of the team.
    public let team: String?
    /// The id of the client key.
    public let keyID: String?
    /// The request's `user`.
    public let user: String?
    /// The model that was called; where none was, the one that was asked for.
    public let model: String
    /// Whether these are holds that a crash left open and what calls without a final usage may have cost besides, less what was refunded.
    public let isInDoubt: Bool
    /// The beginning of the stretch; of the first one `Int64.min` microseconds.
    public let begin: WallTime
    /// The cost.
    public let cost: NanoUSD
    /// Input and output tokens.
    public let tokens: Int64
    /// Requests: records without a hold, and those that end one.
    public let requests: Int64

    /// Makes a sum.
    public init(
        organization: String?, team: String?, keyID: String?, user: String?, model: String, isInDoubt: Bool, begin: WallTime, cost: NanoUSD,
        tokens: Int64, requests: Int64
    ) {
        (self.organization, self.team, self.keyID, self.user) = (organization, team, keyID, user)
        (self.model, self.isInDoubt, self.begin) = (model, isInDoubt, begin)
        (self.cost, self.tokens, self.requests) = (cost, tokens, requests)
    }
}
