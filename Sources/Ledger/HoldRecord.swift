public import Core

/// Money and tokens that are reserved for one client request before anything of it goes upstream.
///
/// Written to the journal first, so that a crash cannot make the request free: what is held when the process dies is charged at the next start.
/// Plain stored properties, as in ``UsageRecord``: making one costs no allocation.
public struct HoldRecord: Hashable, Sendable {
    /// Names this hold and no other, ever: the `callID` of the request's first call. (`x-request-id` may be the client's own, and repeat.)
    public var id: String
    /// The request (`x-request-id`).
    public var requestID: String
    /// When the request began: the time of the record that a crash makes of this.
    public var time: WallTime
    /// The organization that pays.
    public var organization: String?
    /// The team inside it.
    public var team: String?
    /// The id of the client key.
    public var keyID: String?
    /// The request's `user`.
    public var user: String?
    /// The model that is going to be called.
    public var model: String?
    /// The `model` that the client asked for.
    public var requestedModel: String
    /// What the whole request may cost, the part that its records have charged already included.
    public var amount: NanoUSD
    /// The input and output tokens that the whole request may use.
    public var tokens: Int64
    /// Which prices the amount was worked out with.
    public var priceVersion: String

    /// Makes a hold of what is always known; the other properties are set one by one.
    public init(
        id: String, requestID: String, time: WallTime, requestedModel: String, amount: NanoUSD, tokens: Int64, priceVersion: String
    ) {
        self.id = id
        self.requestID = requestID
        self.time = time
        self.requestedModel = requestedModel
        self.amount = amount
        self.tokens = tokens
        self.priceVersion = priceVersion
    }
}

extension HoldRecord {
    /// The record that is made of this hold when it can no longer be known what its request has cost.
    /// - Parameters:
    ///   - cost: what the request's records have charged already.
    ///   - used: the tokens that they have used.
    func inDoubt(after cost: NanoUSD, _ used: Int64) -> UsageRecord {
        var record = UsageRecord(
            requestID: requestID, callID: "doubt_" + id, time: time, requestedModel: requestedModel, priceVersion: priceVersion,
            status: .inDoubt)
        record.parent = id
        record.organization = organization
        record.team = team
        record.keyID = keyID
        record.user = user
        record.model = model
        record.role = "hold"
        record.cost = max(.zero, amount - cost)
        // Which of them were input is not known either.
        record.tokens.input = used < tokens ? tokens.subtractingSaturated(used) : 0
        record.isEstimated = true
        record.hold = id
        record.settlesHold = true
        return record
    }
}

extension UsageRecord {
    /// The record that takes back what this one has charged in doubt: all of an `in_doubt` record, of another ``inDoubt`` alone.
    /// - Parameter note: why; for people.
    func refund(at now: WallTime, note: String?) -> UsageRecord {
        let isAll = status == .inDoubt
        var record = UsageRecord(
            requestID: requestID, callID: isAll ? "refund_" + (hold ?? callID) : "refund_of_" + callID, time: time,
            requestedModel: requestedModel, priceVersion: priceVersion, status: .refund)
        record.parent = callID
        record.organization = organization
        record.team = team
        record.keyID = keyID
        record.user = user
        record.model = model
        record.role = "refund"
        record.cost = NanoUSD.zero - (isAll ? cost : inDoubt)
        record.tokens.input = (0 as Int64).subtractingSaturated(isAll ? tokens.input : inDoubtTokens)
        record.isEstimated = true
        record.hold = hold
        record.metadata = [Tag("refunded_at", now.rfc3339)] + (note.map { [Tag("note", $0)] } ?? [])
        return record
    }
}
