public import Chat
public import Core
public import EventLoop
internal import Ledger
public import MCP
public import Policies

/// Carries out the plan of one request: calls, fallbacks, retries and races, until one call has begun to answer.
///
/// Until then nothing has been sent to the client, so a failed call may be replaced by another; afterwards a failure of the answering call
/// is a failure of the answer. Belongs to the loop of its executor.
public final class PlanRun {
    /// Every try so far, in the order of their beginnings.
    public internal(set) var attempts: [Attempt] = []

    let executor: CallExecutor
    let policies: ServingPolicies
    /// The client's deadline.
    let deadline: MonotonicTime
    /// The id of the client's key: callers share a target's health, and none may keep another from probing it.
    let caller: String
    /// The path of the key's team.
    let team: String
    /// Reserves money for each call; `nil` where no limit binds the request.
    public let envelope: Envelope?
    /// Where calls are recorded that have ended.
    let books: any RunBooks
    /// The MCP servers; `nil` where there are none.
    let mcp: MCPHost?
    /// What is told of tools beside the answer.
    var toolReport = ToolReport()
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
    ///   - envelope: reserves money for each call in the limits of the organization.
    ///   - books: take the records of calls.
    ///   - mcp: the MCP servers.
    public init(
        _ executor: CallExecutor, policies: ServingPolicies, deadline: MonotonicTime, caller: String, team: String, envelope: Envelope?,
        books: any RunBooks, mcp: MCPHost? = nil
    ) {
        self.mcp = mcp
        self.caller = caller
        self.team = team
        self.executor = executor
        self.policies = policies
        self.deadline = deadline
        self.envelope = envelope
        self.books = books
    }

    /// Calls that were made.
    public var callCount: Int { attempts.count { $0.call != nil } }

    /// What all calls have cost so far.
    public var cost: NanoUSD { attempts.reduce(.zero) { $0 + ($1.outcome?.cost ?? .zero) } }

    /// Carries out `plan` until an answer has begun. Then ``begun(_:)`` must be called, after a failure ``closed(after:)``.
    // Three steps of the endpoint's, not one: what waits for an answer has a small frame.
    /// - Throws: the failure of the last call when none could answer; `no_healthy_upstream` when none could even be made.
    public func start(_ plan: Plan, _ question: Question) async throws(GatewayError) -> StartedAnswer {
        try await open(Node(plan: plan, question: question))
    }

    /// Settles what has ended when an answer begins; where nothing goes on, the run is closed.
    /// - Throws: `storage_unavailable` when the answer must not be given because it could not be recorded.
    public func begun(_ answer: StartedAnswer) async throws(GatewayError) {
        guard answer.goesOn else { return try await close() }
        guard hasUnsettled else { return }
        do throws(GatewayError) { try await settleEnded() } catch {
            answer.source.cancel()
            throw error
        }
    }

    /// Whether a call is over that has no record yet.
    public var hasUnsettled: Bool { attempts.contains(where: \.isDue) }

    /// Closes the run after a failure.
    /// - Returns: the error to tell: that it could not be recorded comes before others.
    public func closed(after error: GatewayError) async -> GatewayError {
        do throws(GatewayError) { try await close() } catch let second { return error.code == .storageUnavailable ? error : second }
        return error
    }

    /// Adds an attempt.
    func note(_ kind: Attempt.Kind, to model: ModelEntry, for node: Node) {
        attempts.append(Attempt(attempts.count, kind, to: model, for: node))
    }

    /// Whether every share of the money that a question's calls come out of covers one more call, besides all that was spent and all that is under way.
    func isCovered(_ planned: PlannedCall, for question: Question) -> Bool {
        var share = question.allowance
        while let allowance = share {
            guard let worstCase = planned.worstCase else { return false }
            let others = attempts.reduce(NanoUSD.zero) { $0 + ($1.isPaid(by: allowance) ? $1.mostCost : .zero) }
            guard others + worstCase <= allowance.limit else { return false }
            share = allowance.whole
        }
        return true
    }

    /// Of two failures the more informative one: what a provider answered, rather than that a limit refused a call, or that another target
    /// took none. Of two refusals the first, unless only the second may be tried again.
    public static func moreInformative(_ first: GatewayError?, _ second: GatewayError) -> GatewayError {
        guard let first, second.weight < 3, second.weight <= first.weight else { return second }
        return first.weight == second.weight && first.retry.isFinal && !second.retry.isFinal ? second : first
    }

    static let nothingToCall = GatewayError(.noHealthyUpstream, "There is no model that could answer.", source: .upstream)
}

extension GatewayError {
    /// How informative a failure is about the client's request.
    fileprivate var weight: Int {
        switch self.code {
        case .noHealthyUpstream: 0
        case .maxCostExceeded: 1
        case .budgetExceeded, .rateLimitExceeded: 2
        case .overloaded: self.source == .gateway ? 2 : 3
        default: 3
        }
    }
}
