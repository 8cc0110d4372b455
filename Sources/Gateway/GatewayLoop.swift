internal import Chat
internal import Core
public import EventLoop
internal import Execution
public import HTTPServer
public import Ledger
internal import Logging
internal import MCP
internal import Policies

/// The gateway's share of one loop: takes exchanges from the HTTP server and leads each to its endpoint.
///
/// Belongs to its loop, with everything in it.
public final class GatewayLoop: HTTPHandler {
    let gateway: Gateway
    let loop: EventLoop
    /// What decides whether a request may come in.
    let admission: Admission
    /// The limits of all organizations.
    var budgets: Budgets { gateway.budgets }
    /// The MCP servers.
    var mcp: MCPHost { gateway.mcp }
    let log: Logger
    /// Reads what clients send.
    let reader: JSONReader
    let executor: CallExecutor
    let journal: UsageJournal
    let memory: MemoryShare
    var identifiers: IdentifierSource
    var principals: PrincipalCache
    /// The version of the policies that the executor knows.
    private var adopted: UInt64?
    private var turnedAwayCount = 0
    private var nextNotice = MonotonicTime(nanoseconds: 0)

    /// Makes the share of `loop`; on the loop.
    /// - Throws: `LedgerFailure` when the loop's journal cannot be made.
    public init(_ gateway: Gateway, loop: EventLoop) throws(LedgerFailure) {
        journal = try gateway.ledger.journal(forLoop: loop.index)
        self.gateway = gateway
        self.loop = loop
        log = gateway.log
        admission = Admission(places: gateway.places, memory: gateway.memory)
        memory = gateway.memory.share()
        principals = PrincipalCache(keys: gateway.keys, activities: gateway.activities)
        reader = JSONReader(mostValues: gateway.mostJSONValues)
        executor = CallExecutor(loop: loop, reader: JSONReader(mostValues: gateway.mostJSONValues * Self.answersToBodies))
        identifiers = IdentifierSource(seconds: WallTime.now.microseconds / 1_000_000, loop: loop.index)
    }

    /// How many times as many JSON values as a body an answer may have: probabilities of tokens, where they are asked for, are a dozen values each.
    private static let answersToBodies = 5

    /// Whether what is bought now can be recorded.
    var canRecord: Bool { gateway.ledger.isHealthy }

    /// Answers one request.
    public func handle(_ exchange: HTTPExchange) async {
        let call = IncomingRequest(exchange, in: self)
        do throws(GatewayError) {
            if let rules = call.policies.snapshot.crossOrigin {
                let crossOrigin = CrossOrigin(rules, exchange.head)
                exchange.commonFields = crossOrigin.appendFields
                if crossOrigin.isPreflight { return try crossOrigin.answerPreflight(exchange) }
            }
            let (_, access, name) = try PublicRoutes.match(exchange.head)
            try OwnFields.check(exchange.head)
            switch access {
            case .anyone(.health): answerHealth(call)
            case .anyone(.readiness): answerReadiness(call)
            case .clientKey(let endpoint):
                try checkRoom(for: endpoint)
                let caller = try await call.authenticated()
                switch endpoint {
                case .chatCompletions: try await completeChat(caller, exchange)
                case .models: listModels(caller)
                case .model: try showModel(name, caller)
                case .mcp: try await serveMCP(name, caller, exchange)
                }
            }
        } catch {
            call.answer(error)
        }
    }

    /// Refuses a request for which there is no room, before its client is authenticated.
    private func checkRoom(for endpoint: ClientEndpoint) throws(GatewayError) {
        if admission.memory.state == .exhausted { throw admission.memory.refusal() }
        if endpoint == .chatCompletions || endpoint == .mcp, admission.places.isFull { throw admission.places.refusal() }
    }

    /// Answers a request that is not valid HTTP.
    public func refuse(_ violation: HTTPViolation, _ refusal: HTTPRefusal) {
        let error = GatewayError(violation)
        let id = identifiers.next("req_")
        refusal.respond(violation.status, body: ErrorAnswer(error).body) { fields in
            ErrorAnswer(error).appendFields(to: &fields)
            fields.appendField("x-request-id", value: id)
        }
    }

    /// Called when per-client buffers must shrink (`true`) or may grow back (`false`).
    public func limitBuffers(_ isTight: Bool) { executor.limitBuffers(isTight) }

    /// Tells of connections that were turned away, once a second at most.
    public func turnedAway() {
        turnedAwayCount += 1
        guard loop.now >= nextNotice else { return }
        nextNotice = loop.now + .seconds(1)
        log.warning("connections turned away at a limit", metadata: ["since_last_notice": "\(turnedAwayCount)"])
        turnedAwayCount = 0
    }

    /// The policies in force, for a request that begins now.
    func currentPolicies() -> ServingPolicies {
        let policies = gateway.policies.current
        if adopted != policies.version {
            adopted = policies.version
            executor.adopt(policies)
        }
        return policies
    }
}
