public import Chat
public import EventLoop
internal import Ledger
public import Policies

/// Carries out the plan of one request: calls, fallbacks, retries and races, until one call has begun to answer.
///
/// Until then nothing has been said to the client, so every failure is free to be tried elsewhere; afterwards the answer stands or falls with
/// the call that gives it. Belongs to the loop of its executor.
public final class PlanRun {
    /// Every try so far, in the order of their beginnings.
    public internal(set) var attempts: [Attempt] = []

    let executor: CallExecutor
    let policies: ServingPolicies
    let request: ChatRequest
    /// When the client's patience ends.
    let deadline: MonotonicTime
    /// The id of the client's key: callers share a target's health, and none may keep another from probing it.
    let caller: String
    /// The path of the key's team.
    let team: String
    /// What all calls together may cost; `nil` without a ceiling.
    let ceiling: NanoUSD?
    /// Sets money aside for each call; `nil` where no limit binds the request.
    public let envelope: Envelope?
    /// Where calls are recorded that have ended.
    let account: RunAccount
    /// Whether it is over and all of it is settled.
    var isClosed = false
    /// Calls that a limit has refused on the way.
    public internal(set) var refusals: [Envelope.Refusal] = []

    /// Makes a run of which nothing has happened.
    /// - Parameters:
    ///   - policies: the snapshot that the plan was made from.
    ///   - deadline: the end of the whole request, however many calls it takes.
    ///   - caller: the id of the client's key.
    ///   - team: the path of the key's team.
    ///   - ceiling: what the whole request may cost; a call whose worst case is more than what is left of it is not made.
    ///   - envelope: reserves money for each call in the limits of the organization.
    ///   - account: takes the records of calls.
    public init(
        _ executor: CallExecutor, policies: ServingPolicies, request: ChatRequest, deadline: MonotonicTime, caller: String, team: String,
        ceiling: NanoUSD?, envelope: Envelope?, account: RunAccount
    ) {
        self.caller = caller
        self.team = team
        self.executor = executor
        self.policies = policies
        self.request = request
        self.deadline = deadline
        self.ceiling = ceiling
        self.envelope = envelope
        self.account = account
    }

    /// Calls that were made.
    public var callCount: Int { attempts.count { $0.call != nil } }

    /// What the calls that are under way may still come to cost.
    var atStake: NanoUSD { attempts.reduce(.zero) { $0 + $1.atStake } }

    /// What all calls have cost so far.
    public var cost: NanoUSD { attempts.reduce(.zero) { $0 + ($1.outcome?.cost ?? .zero) } }

    /// What all calls may have cost so far, as far as is known.
    var mostCost: NanoUSD { attempts.reduce(cost) { $0 + ($1.outcome?.inDoubt ?? .zero) } }

    /// Carries out `plan` until a call has begun to answer: a stream with its first events, anything else with the whole answer. Calls that have
    /// ended by then are settled; where nothing goes on, the run is closed.
    /// - Throws: the failure of the last call when none could answer; `no_healthy_upstream` when none could even be made; `storage_unavailable`
    ///   when the answer must not be given because it could not be recorded. Then the run is closed.
    public func begin(_ plan: Plan) async throws(GatewayError) -> StartedResponse {
        let started: StartedResponse
        do throws(GatewayError) { started = try await perform(plan, as: .primary, isLast: true) } catch {
            try await close()
            throw error
        }
        guard started.goesOn else {
            try await close()
            return started
        }
        do throws(GatewayError) { try await settleEnded() } catch {
            started.call.cancel()
            // That this cannot be recorded either is known already; what it cost is charged.
            try? await close()
            throw error
        }
        return started
    }

    /// - Parameter isLast: whether nothing else is left to try: only then is time spent on trying the same target again.
    func perform(_ plan: Plan, as role: Attempt.Role, isLast: Bool) async throws(GatewayError) -> StartedResponse {
        switch plan {
        case .call(let call): try await callWithRetries(call, as: role, isLast: isLast)
        case .firstOf(let plans): try await chain(plans, as: role, isLast: isLast)
        case .race(let plans, let delay): try await race(plans, after: delay, as: role, isLast: isLast)
        }
    }

    /// A fallback chain.
    private func chain(_ plans: [Plan], as role: Attempt.Role, isLast: Bool) async throws(GatewayError) -> StartedResponse {
        var failure: GatewayError?
        for (index, plan) in plans.enumerated() {
            do throws(GatewayError) {
                let isLastOfAll = isLast && index == plans.count - 1
                return try await perform(plan, as: index == 0 ? role : .fallback, isLast: isLastOfAll)
            } catch {
                guard error.mayBeTriedElsewhere else { throw error }
                failure = Self.moreInformative(failure, error)
            }
        }
        throw failure ?? Self.nothingToCall
    }

    /// Of two failures the one that says more: what a provider answered, rather than that a limit refused a call, or that another took none. Of two
    /// refusals the first, unless only the second may be tried again.
    public static func moreInformative(_ first: GatewayError?, _ second: GatewayError) -> GatewayError {
        guard let first, second.weight < 3, second.weight <= first.weight else { return second }
        return first.weight == second.weight && first.retry == .never && second.retry != .never ? second : first
    }

    static let nothingToCall = GatewayError(.noHealthyUpstream, "There is no model that could answer.", source: .upstream)
}

extension GatewayError {
    /// How much a failure says about what the client asked for.
    fileprivate var weight: Int {
        switch self.code {
        case .noHealthyUpstream: 0
        case .maxCostExceeded: 1
        case .budgetExceeded, .rateLimitExceeded: 2
        case .overloaded: self.source == .gateway ? 2 : 3
        default: 3
        }
    }

    /// Whether another model may succeed where this failure came up.
    var mayBeTriedElsewhere: Bool {
        switch self.retry {
        case .sameTarget, .nextTarget, .after: self.code != .clientClosedRequest
        // What is too long for one model need not be for another.
        // Nor need what is too dear be for a cheaper one.
        case .never: self.code.name == "context_length_exceeded" || [.budgetExceeded, .rateLimitExceeded].contains(self.code)
        }
    }
}
