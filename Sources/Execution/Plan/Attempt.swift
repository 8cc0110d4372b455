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

    /// Whom.
    public let model: ModelEntry
    /// What for.
    public let role: Role
    /// When it began.
    public let startTime: MonotonicTime
    /// Why no call was made; `nil` when one was.
    public let skippedBecause: String?
    /// Whether another leg of a race was faster, so that this one was given up.
    public internal(set) var lostRace = false
    /// What the request's envelope has set aside for it; `nil` without limits.
    public let cover: Spending?
    /// With which code its stream ends once more has come than was allowed; `nil` where no bound on money or tokens was sent with it: then the
    /// provider may send what it likes.
    let codeOfExcess: GatewayError.Code?
    /// Whether the ledger has it already. Kept by whoever settles.
    public var isSettled = false
    /// Whether the limits have counted what it cost.
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

    /// What the call has come to; complete when it is over. `nil` when none was made.
    public var outcome: CallOutcome? {
        guard var outcome = call?.outcome else { return nil }
        // One that was answered in the same moment is paid for like the winner; the record tells who answered.
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
