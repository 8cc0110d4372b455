internal import Chat
internal import Core
internal import Dialects
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Limits
internal import Policies

/// A request whose body has been read and decoded, and for which the gateway has room.
///
/// From here on the stages are classes: there is much in them, and what a suspended function holds is copied at each of its stages.
final class DecodedRequest {
    let incoming: IncomingRequest
    let principal: Principal
    let request: ChatRequest
    /// The limits of all organizations.
    private let budgets: Budgets
    /// When the client's patience ends.
    let deadline: MonotonicTime
    /// The most that the client is willing to pay, from the body or the header, whichever is less.
    let maxCost: NanoUSD?

    init(incoming: IncomingRequest, principal: Principal, request: ChatRequest, deadline: MonotonicTime, maxCost: NanoUSD?) {
        self.incoming = incoming
        self.principal = principal
        self.request = request
        budgets = incoming.loop.budgets
        self.deadline = deadline
        self.maxCost = maxCost
    }

    /// The limits of the request's organization.
    var limits: OrganizationLimits { principal.limits(in: budgets) }
    /// Gets more of limits that are shared with other gateways; `nil` where none are.
    var leases: (any LeaseSource)? { budgets.keeper }
}

/// A request for which a plan has been decided.
final class DecidedRequest {
    let admitted: DecodedRequest
    let trace: DecisionTrace
    /// The plan that is to be carried out.
    let plan: Plan
    /// Calls that their limits refused before anything was called.
    var refusals: [Envelope.Refusal] = []
    /// What the records of all its calls have in common.
    private(set) lazy var record = recordOfEachCall()

    init(admitted: DecodedRequest, plan: Plan, trace: DecisionTrace) {
        self.admitted = admitted
        self.plan = plan
        self.trace = trace
    }
}

/// A request whose calls may be made: everything that must hold before a byte goes upstream holds.
struct ReservedRequest {
    let decided: DecidedRequest
    let run: PlanRun
    /// What the client asks.
    let question: Question

    var incoming: IncomingRequest { decided.admitted.incoming }
    var request: ChatRequest { decided.admitted.request }
}

extension IncomingRequest {
    /// Reads the body, as long as there is `room` for it.
    /// - Throws: `request_too_large`, `request_timeout`, `overloaded` …
    func body(into room: inout RequestMemory) async throws(GatewayError) -> [UInt8] {
        // What is recorded was read before.
        guard case .client(let exchange) = reply else { return [] }
        do throws(HTTPViolation) {
            return try await exchange.body(padding: JSONReader.padding) { room.receive($0) }
        } catch {
            throw error == .noRoom ? loop.admission.memory.refusal(ofBody: room.expected) : GatewayError(error)
        }
    }
}

extension AuthenticatedRequest {
    /// Reads the body, as long as there is `room` for it and its key has not too many bodies that do not come.
    /// - Throws: `request_too_large`, `overloaded`; `invalid_api_key` when the key was taken away while the body came.
    func body(into room: inout RequestMemory) async throws(GatewayError) -> [UInt8] {
        let places = incoming.loop.admission.places
        let activity = principal.activity
        defer { places.becomeBusy(activity) }
        guard places.becomeIdle(activity) else { throw places.bodyRefusal(activity) }
        let body = try await incoming.body(into: &room)
        // A body may take ten minutes.
        if MonotonicTime.now() - incoming.startTime > Self.longBody { try incoming.checkAgain(keyDigest) }
        return body
    }

    private static let longBody = Duration.milliseconds(100)

    /// Reads and decodes the body, as long as there is `room` for it.
    /// - Throws: `invalid_request_error` naming the member that is wrong, `request_too_large`, `overloaded` …
    func admitted(into room: inout RequestMemory) async throws(GatewayError) -> DecodedRequest {
        try incoming.requireJSON()
        return try admitted(try await body(into: &room), &room)
    }

    /// Decodes the body.
    /// - Throws: `invalid_request_error` naming the member that is wrong.
    // Out of line, like other steps that do not wait: what they need for a moment would stay in the suspended caller's frame for as long as the request lives.
    @inline(never)
    func admitted(_ body: [UInt8], _ room: inout RequestMemory) throws(GatewayError) -> DecodedRequest {
        let timeout = try incoming.clientTimeout()
        let ceiling = try incoming.clientMaxCost()
        var request = try incoming.dialect.decode(body, incoming.loop.reader)
        if request.facts.stream, !room.addStream() { throw incoming.loop.admission.memory.refusal() }
        if let tags = incoming.reply.field("x-purser-metadata") { try request.addMetadata(Array(tags), reader: incoming.loop.reader) }
        let maxCost = [ceiling, request.facts.maxCost].compactMap(\.self).min()
        return DecodedRequest(
            incoming: incoming, principal: principal, request: request, deadline: timeout.map { incoming.startTime + $0 } ?? .never,
            maxCost: maxCost)
    }
}

extension DecidedRequest {
    /// Makes sure that the request can be paid and recorded: a call that cannot be billed is not made.
    /// - Throws: `storage_unavailable`; `budget_exceeded`, `rate_limit_exceeded` naming the limit.
    func held() async throws(GatewayError) -> ReservedRequest {
        let incoming = admitted.incoming
        guard incoming.loop.canRecord else {
            throw GatewayError(
                .storageUnavailable, "The usage ledger cannot be written at the moment; please retry later.", source: .gateway,
                retry: .after(.seconds(1)))
        }
        let envelope = try await envelope()
        let run = PlanRun(
            incoming.loop.executor, policies: incoming.policies, deadline: admitted.deadline, caller: admitted.principal.keyID,
            team: admitted.principal.team, envelope: envelope, books: self,
            mcp: incoming.loop.mcp)
        let question = Question(admitted.request, as: incoming.dialect.form, ceiling: admitted.maxCost)
        return ReservedRequest(decided: self, run: run, question: question)
    }
}
