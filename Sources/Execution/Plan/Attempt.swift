internal import Chat
public import EventLoop
internal import Ledger
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

    /// What came of it.
    enum Kind {
        /// No call was made.
        case skipped(because: String)
        case call(MadeCall)
    }

    /// The model this attempt was sent to.
    public let model: ModelEntry
    /// Why it was made: primary, retry, fallback or hedge.
    public let role: Role
    /// When it began.
    public let startTime: MonotonicTime
    /// Whether another attempt of the race was faster, so that this one was cancelled.
    public internal(set) var lostRace = false
    let kind: Kind

    init(_ call: MadeCall, role: Role) {
        kind = .call(call)
        model = call.upstream.model
        self.role = role
        startTime = call.upstream.startTime
    }

    init(skipping model: ModelEntry, role: Role, because reason: String) {
        kind = .skipped(because: reason)
        self.model = model
        self.role = role
        startTime = .now()
    }

    /// Why no call was made; `nil` when one was.
    public var skippedBecause: String? { if case .skipped(let reason) = kind { reason } else { nil } }

    /// The call, if one was made.
    var call: MadeCall? { if case .call(let call) = kind { call } else { nil } }

    /// The outcome of the call, complete when the call has ended; `nil` when none was made.
    public var outcome: CallOutcome? {
        guard var outcome = call?.upstream.outcome else { return nil }
        // A losing attempt may have completed too; it is billed in full and recorded as `lost_race`.
        if lostRace, outcome.status == .canceled || outcome.status == .ok { outcome.errorCode = "lost_race" }
        return outcome
    }

    /// Whether its call is over and has no record yet.
    var isDue: Bool { call?.isDue ?? false }

    /// Whether its call is still going on.
    var isRunning: Bool { call?.upstream.isRunning ?? false }

    /// What its call may still come to cost: all that was planned, until it is over.
    var atStake: NanoUSD { call?.atStake ?? .zero }

    func isOf(_ other: UpstreamCall) -> Bool { call?.upstream === other }
}

/// The call of an attempt, and how far it is settled.
final class MadeCall {
    let upstream: UpstreamCall
    /// What the request's envelope has reserved for it; `nil` without limits.
    let cover: Spending?
    /// The code with which its stream ends if the provider sends more than was allowed; `nil` if no bound on money or tokens was sent with
    /// it.
    let codeOfExcess: GatewayError.Code?
    private let planned: PlannedCall
    private var isRecorded = false
    private var isCharged = false

    init(_ upstream: UpstreamCall, planned: PlannedCall, cover: Spending?, codeOfExcess: GatewayError.Code?) {
        self.upstream = upstream
        self.planned = planned
        self.cover = cover
        self.codeOfExcess = codeOfExcess
    }

    /// Whether it is over and has no record yet.
    var isDue: Bool { !upstream.isRunning && !isRecorded }

    /// Claims the right to record it: true once, when it is over.
    func takeRecord() -> Bool {
        guard isDue else { return false }
        isRecorded = true
        return true
    }

    /// What limits count for it when it is over; `nil` when no limit does, or when it was asked for before.
    func takeCharge() -> EndedCall? {
        guard let cover, !isCharged, !upstream.isRunning else { return nil }
        isCharged = true
        let outcome = upstream.outcome
        let tokens = outcome.usage.input + outcome.usage.output
        let doubt = Spending(usd: outcome.inDoubt, tokens: outcome.inDoubtTokens)
        var ended = EndedCall(
            actual: Spending(usd: outcome.cost, tokens: tokens) + doubt, reserved: cover, model: upstream.model.name)
        ended.doubt = doubt
        return ended
    }

    /// What it may still come to cost.
    var atStake: NanoUSD { upstream.isRunning ? planned.worstCase ?? .zero : .zero }

    /// Whether the provider has sent more output than it was allowed to, whatever that means to it: then no bound covers what comes.
    var exceedsItsBound: Bool {
        let extent = planned.extent
        return upstream.leastOutputSoFar > extent.tokens(output: extent.output) - extent.input
    }
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
