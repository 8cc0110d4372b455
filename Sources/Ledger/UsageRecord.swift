public import Core

/// What one upstream call used and cost: the unit of the bill. One per attempt, fallback, hedge loser, panel member, judge, step and tool call.
///
/// Plain stored properties: making one on the way of a request costs no allocation beyond the strings that the caller already holds.
public struct UsageRecord: Hashable, Sendable {
    /// How a call ended.
    public enum Status: String, CaseIterable, Sendable {
        /// Answered in full.
        case ok
        /// Answered with an error, or not understood.
        case error
        /// Not answered in time.
        case timeout
        /// Stopped by the gateway: the client left, or another hedged attempt won.
        case canceled
        /// Broke off after the answer had begun.
        case cut
        /// What was held for a request of which a crash left no other trace: charged in full, as it may have been spent.
        case inDoubt = "in_doubt"
        /// Takes back what an `in_doubt` record charged: all its amounts are negative.
        case refund
    }

    /// One entry of the request's `metadata`.
    public struct Tag: Hashable, Sendable {
        /// The name of the entry.
        public var name: String
        /// Its value.
        public var value: String

        /// Makes an entry.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Ties together the calls of one client request (`x-request-id`).
    public var requestID: String
    /// Names this call and no other, ever.
    public var callID: String
    /// The `callID` of the call that caused this one, e.g. the panel a judge belongs to.
    public var parent: String?
    /// When the call began.
    public var time: WallTime
    /// The organization that pays.
    public var organization: String?
    /// The team inside it.
    public var team: String?
    /// The id of the client key, never the key.
    public var keyID: String?
    /// The request's `user`.
    public var user: String?
    /// The request's `metadata`, in its order.
    public var metadata: [Tag] = []
    /// The `model` that the client asked for.
    public var requestedModel: String
    /// The virtual model that decided; `direct` without one.
    public var route: String?
    /// The classifier's task.
    public var task: String?
    /// The classifier's complexity.
    public var complexity: String?
    /// The experiment that the request took part in.
    public var experiment: String?
    /// Its arm.
    public var arm: String?
    /// What the call was for: `primary`, `fallback`, `hedge`, `member`, `judge`, `step`, `tool` …
    public var role: String?
    /// The provider that was called.
    public var provider: String?
    /// The model that was called.
    public var model: String?
    /// The tokens used, as the provider reported them or as estimated.
    public var tokens = TokenUsage()
    /// What the call cost.
    public var cost = NanoUSD.zero
    /// What the provider may bill beyond ``cost`` for a call that ended without a final usage. Limits count it until it is refunded.
    public var inDoubt = NanoUSD.zero
    /// The tokens that it may have used beyond ``tokens``.
    public var inDoubtTokens: Int64 = 0
    /// Which prices were applied (`Pricing.version`); `free` and `unpriced` are words of their own.
    public var priceVersion: String
    /// From sending the call to its last byte, in microseconds.
    public var latencyMicroseconds: Int64 = 0
    /// From sending the call to its first token, in microseconds; `nil` when none came.
    public var firstTokenMicroseconds: Int64?
    /// How it ended.
    public var status: Status
    /// The code of the error, when it did not end well.
    public var errorCode: String?
    /// Whether the answer was streamed.
    public var isStream = false
    /// The tool that was called, for tool calls.
    public var tool: String?
    /// Whether the tokens are the gateway's estimate because the provider reported none.
    public var isEstimated = false
    /// The id of the ``HoldRecord`` that this call was paid from; `nil`: nothing had been held.
    public var hold: String?
    /// Whether this is the last record of `hold`: what it leaves of the amount is free again.
    public var settlesHold = false

    /// Makes a record of what is always known; the other properties are set one by one.
    public init(requestID: String, callID: String, time: WallTime, requestedModel: String, priceVersion: String, status: Status) {
        self.requestID = requestID
        self.callID = callID
        self.time = time
        self.requestedModel = requestedModel
        self.priceVersion = priceVersion
        self.status = status
    }

    /// Whether `cost` is what the call really costs: false when the model's price is not known. (`free` is a price: zero.)
    public var isPriced: Bool { priceVersion != "unpriced" }

    /// Whether a part of what it charges is not known to be spent.
    package var hasDoubt: Bool { inDoubt > .zero || inDoubtTokens > 0 }

    /// Whether it charges or takes back what was never known to be spent.
    public var isCorrection: Bool { status == .inDoubt || status == .refund }

    /// Whether the policy says that this model costs nothing.
    public var isFree: Bool { priceVersion == "free" }
}
