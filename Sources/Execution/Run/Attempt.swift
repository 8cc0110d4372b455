internal import Chat
internal import Core
public import EventLoop
internal import Ledger
internal import Limits
public import Policies

/// One try at a model: a call that was made, or one that was left out because the model takes none at the moment.
public final class Attempt {
    /// Counts the attempts of a run from 0, in the order of their beginnings.
    public typealias ID = Int

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

    /// Whether a call was made, and which.
    enum Kind {
        /// No call was made.
        case skipped(because: String)
        /// A call, and what the request's envelope has reserved for it; `nil` without limits.
        case call(UpstreamCall, cover: Spending?)
    }

    /// Its place among the attempts of its run.
    public let id: ID
    /// The attempt whose answer led to this one; `nil`: it serves the client's own request.
    public let parent: ID?
    /// The model this attempt was sent to.
    public let model: ModelEntry
    /// Why it was made: primary, retry, fallback or hedge.
    public let role: Role
    /// When it began.
    public let startTime: MonotonicTime
    /// Whether another attempt of the race was faster, so that this one was cancelled.
    public internal(set) var lostRace = false
    let kind: Kind
    private let allowance: Allowance?
    private let leg: RaceLeg?
    private var isRecorded = false
    private var isCharged = false

    /// - Parameter node: the part of the plan that it is made for.
    init(_ id: ID, _ kind: Kind, to model: ModelEntry, for node: Node) {
        (self.id, self.kind, self.model) = (id, kind, model)
        (role, leg) = (node.role, node.leg)
        (parent, allowance) = (node.question.parent, node.question.allowance)
        startTime = if case .call(let call, _) = kind { call.startTime } else { .now() }
    }

    /// Why no call was made; `nil` when one was.
    public var skippedBecause: String? { if case .skipped(let reason) = kind { reason } else { nil } }

    /// The call, if one was made.
    var call: UpstreamCall? { if case .call(let call, _) = kind { call } else { nil } }

    /// The outcome of the call, complete when the call has ended; `nil` when none was made.
    public var outcome: CallOutcome? {
        guard var outcome = call?.outcome else { return nil }
        // A losing attempt may have completed too; it is billed in full and recorded as `lost_race`.
        if lostRace, outcome.status == .canceled || outcome.status == .ok { outcome.errorCode = "lost_race" }
        return outcome
    }

    /// Whether its call is still going on.
    var isRunning: Bool { call?.isRunning ?? false }

    /// Whether its money comes out of `share`.
    func isPaid(by share: Allowance) -> Bool { allowance?.isWithin(share) ?? false }

    /// Whether it was made in a leg of a race.
    func isIn(_ leg: RaceLeg) -> Bool { self.leg?.isWithin(leg) ?? false }

    /// The most that it may have cost, or may still come to cost, as far as is known.
    var mostCost: NanoUSD {
        guard let call else { return .zero }
        return call.isRunning ? call.cost.planned.worstCase ?? .zero : call.outcome.cost + call.outcome.inDoubt
    }
}

/// The state of settlement.
extension Attempt {
    /// Whether its call is over and has no record yet.
    var isDue: Bool { call.map { !$0.isRunning && !isRecorded } ?? false }

    /// Claims the right to record its call: true once, when the call is over.
    func takeRecord() -> Bool {
        guard isDue else { return false }
        isRecorded = true
        return true
    }

    /// What limits count for its call when that is over; `nil` when no limit does, or when it was asked for before.
    func takeCharge() -> EndedCall? {
        guard case .call(let call, let cover?) = kind, !isCharged, !call.isRunning else { return nil }
        isCharged = true
        let outcome = call.outcome
        let doubt = Spending(usd: outcome.inDoubt, tokens: outcome.inDoubtTokens)
        let actual = Spending(usd: outcome.cost, tokens: outcome.usage.input + outcome.usage.output) + doubt
        var ended = EndedCall(actual: actual, reserved: cover, model: model.name)
        ended.doubt = doubt
        return ended
    }
}
