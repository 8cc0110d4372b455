internal import Chat
public import EventLoop
public import Ledger
public import Policies

/// One try at a model: a call that was made, or one that was left out because the model takes none at the moment.
public final class Attempt {
    /// What a call is for.
    public enum Role: String, Sendable {
        /// The plan's first choice.
        case primary
        /// The same model once more.
        case retry
        /// The next model, because one before it failed.
        case fallback
        /// The next model, because one before it is slow.
        case hedge
    }

    /// The model this attempt was sent to.
    public let model: ModelEntry
    /// Why it was made: primary, retry, fallback or hedge.
    public let role: Role
    /// When it began.
    public let startTime: MonotonicTime
    /// Why no call was made; `nil` when one was.
    public let skippedBecause: String?
    /// Whether another attempt of the race was faster, so that this one was cancelled.
    public internal(set) var lostRace = false
    /// What the request's envelope has reserved for it; `nil` without limits.
    public let cover: Spending?
    /// The code with which its stream ends if the provider sends more than was allowed; `nil` if no bound on money or tokens was sent with
    /// it.
    let codeOfExcess: GatewayError.Code?
    /// Whether its record is committed.
    public var isSettled = false
    /// Whether its cost is charged to the limits.
    public private(set) var isCharged = false
    private let call: UpstreamCall?
    private let planned: PlannedCall?

    init(_ call: UpstreamCall, role: Role, planned: PlannedCall, cover: Spending?, codeOfExcess: GatewayError.Code?) {
        self.cover = cover
        self.codeOfExcess = codeOfExcess
        self.call = call
        self.planned = planned
        model = call.model
        self.role = role
        startTime = call.startTime
        skippedBecause = nil
    }

    init(skipping model: ModelEntry, role: Role, because reason: String) {
        self.model = model
        self.role = role
        startTime = .now()
        skippedBecause = reason
        call = nil
        planned = nil
        cover = nil
        codeOfExcess = nil
    }

    /// The outcome of the call, complete when the call has ended; `nil` when none was made.
    public var outcome: CallOutcome? {
        guard var outcome = call?.outcome else { return nil }
        // A losing attempt may have completed too; it is billed in full and recorded as `lost_race`.
        if lostRace, outcome.status == .canceled || outcome.status == .ok { outcome.errorCode = "lost_race" }
        return outcome
    }

    /// What limits count for it when its call is over; `nil` when no limit does, or when it was asked for before.
    public func takeCharge() -> EndedCall? {
        guard let cover, !isCharged, !isRunning, let outcome = call?.outcome else { return nil }
        isCharged = true
        let tokens = outcome.usage.input + outcome.usage.output
        let doubt = Spending(usd: outcome.inDoubt, tokens: outcome.inDoubtTokens)
        var ended = EndedCall(actual: Spending(usd: outcome.cost, tokens: tokens) + doubt, reserved: cover, model: model.name)
        ended.doubt = doubt
        return ended
    }

    /// Whether its call is over and the ledger has not got it yet.
    public var isDue: Bool { call != nil && !isRunning && !isSettled }

    /// Whether its call is still going on.
    var isRunning: Bool { call?.isRunning ?? false }

    /// What its call may still come to cost: all that was planned, until it is over.
    var atStake: NanoUSD { isRunning ? planned?.worstCase ?? .zero : .zero }

    /// Whether the provider has sent more output than it was allowed to, whatever that means to it: then no bound covers what comes.
    var exceedsItsBound: Bool {
        guard let call, let extent = planned?.extent else { return false }
        return call.leastOutputSoFar > extent.tokens(output: extent.output) - extent.input
    }

    func isOf(_ other: UpstreamCall) -> Bool { call === other }
}

/// A call that has begun to answer: the one of its plan whose answer the client gets.
public struct StartedResponse {
    /// The call.
    public let call: UpstreamCall
    /// Of a stream, the events that have come; else the whole answer.
    public var bytes: [UInt8]
    /// Whether more is to come.
    public var goesOn: Bool
}
