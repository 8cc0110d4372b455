public import Core
internal import Glibc
public import Ledger
public import Limits
public import SharedLedger
internal import Synchronization

/// What a gateway does with money, without HTTP: reserve, hold, "call", commit, settle.
public final class SimulatedGateway: Sendable {
    /// What is simulated.
    public struct Options: Sendable {
        /// What the organization `acme` may spend.
        public var rules: [LimitRule]
        /// What each request sets aside, in nano-dollars.
        public var estimate: Int64 = 1_000
        /// Whether each costs what was set aside, or something below it.
        public var isExact = true
        /// How long a call takes, at most.
        public var latency = Duration.zero
        /// Whether requests are let through while the server cannot be reached.
        public var failsOpen = false
        /// Told when a limit is reached.
        public var alert: (@Sendable (LimitAlert) -> Void)?
        /// Told of each record once its commit has returned.
        public var report: (@Sendable (UsageRecord) -> Void)?

        /// Options with these limits and defaults for the rest.
        public init(rules: [LimitRule]) { self.rules = rules }
    }

    /// How a request ended.
    public enum Outcome: Sendable { case served, refused, away }

    /// The gateway's ledger.
    public let ledger: PostgreSQLLedger
    /// Leases the limits' slices from the server.
    public let keeper: LeaseKeeper
    private let limits: OrganizationLimits
    private let options: Options
    private let loops: [SimulatedLoop]
    private let numbers = Atomic(0)
    private let run: String

    /// Opens a ledger on the server at `url`, with its journals in `directory`.
    /// - Throws: ``LedgerFailure``.
    public init(_ url: String, directory: String, loops: Int = 2, _ options: Options, settings: PostgreSQLLedger.Settings) throws {
        ledger = try PostgreSQLLedger(PostgreSQLTarget(url: url), directory: directory, settings: settings)
        let configuration = try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: options.rules)]) { _ in nil }
        let tree = LimitTree(configuration, sharing: .leased, hooks: LimitHooks(alert: options.alert ?? { _ in }, misuse: { _ in }))
        limits = tree.organization(of: "acme")
        Self.restore(limits, ledger)
        keeper = ledger.keepLeases(of: tree) { [failsOpen = options.failsOpen] _ in failsOpen }
        self.options = options
        let shared = ledger
        self.loops = try (0..<loops).map { SimulatedLoop(try shared.journal(forLoop: $0)) }
        run = "\(getpid())-\(WallTime.now.microseconds)"
    }

    /// Counts what an earlier run has spent.
    private static func restore(_ limits: OrganizationLimits, _ ledger: PostgreSQLLedger) {
        for total in (try? ledger.totals(cutAt: limits.windowStarts(at: .now))) ?? [] {
            let spending = Spending(usd: total.cost, tokens: total.tokens, requests: total.requests)
            let past = PastSpending(
                RequestScopes(team: total.team ?? "acme", key: total.keyID, user: total.user), model: total.model, time: total.begin,
                amount: spending, isInDoubt: total.isInDoubt)
            _ = limits.restore(past, at: .now)
        }
    }

    /// How the limits stand, as this gateway knows it.
    public var states: [LimitState] { limits.states(at: .now) }

    /// Runs one request to its end.
    public func serve() async throws -> Outcome {
        let number = numbers.add(1, ordering: .relaxed).newValue
        return try await loops[number % loops.count].serve(self, number)
    }

    fileprivate func reserve() async -> Result<Hold, Refusal> {
        let request = SpendRequest(
            RequestScopes(team: "acme"), model: "m", amount: Spending(usd: NanoUSD(nanos: options.estimate), tokens: 10, requests: 1))
        // Each turn somebody who waited for the same slice goes on.
        for _ in 0..<64 {
            switch limits.reserve(request, at: .now) {
            case .held(let hold): return .success(hold)
            case .mustWait: return .failure(.refused)
            case .refused(let refusal):
                guard case .needsLease(let needs) = refusal.reason else { return .failure(.refused) }
                if await keeper.lease(needs) == .away { return .failure(.away) }
            }
        }
        return .failure(.refused)
    }

    fileprivate enum Refusal: Error { case refused, away }

    fileprivate func name(_ number: Int) -> String { "\(run)-\(number)" }
    fileprivate var estimate: Int64 { options.estimate }
    fileprivate var cost: Int64 { options.isExact ? options.estimate : Int64.random(in: 0...options.estimate) }
    fileprivate var latency: Duration { options.latency > .zero ? options.latency * Double.random(in: 0...1) : .zero }
    fileprivate func done(_ record: UsageRecord) { options.report?(record) }
}

/// Stands for an event loop.
private actor SimulatedLoop {
    private let journal: UsageJournal

    init(_ journal: sending UsageJournal) { self.journal = journal }

    func serve(_ gateway: SimulatedGateway, _ number: Int) async throws -> SimulatedGateway.Outcome {
        let hold: Hold
        switch await gateway.reserve() {
        case .success(let held): hold = held
        case .failure(.refused): return .refused
        case .failure(.away): return .away
        }
        let id = gateway.name(number)
        var stored = HoldRecord(
            id: id, requestID: id, time: .now, requestedModel: "m", amount: NanoUSD(nanos: gateway.estimate), tokens: 10,
            priceVersion: "free")
        stored.team = "acme"
        stored.organization = "acme"
        stored.model = "m"
        try await journal.hold(stored)
        let latency = gateway.latency
        if latency > .zero { try await Task.sleep(for: latency) }
        var record = UsageRecord(requestID: id, callID: id, time: stored.time, requestedModel: "m", priceVersion: "1/-/-/1", status: .ok)
        (record.organization, record.team, record.model) = ("acme", "acme", "m")
        record.cost = NanoUSD(nanos: gateway.cost)
        record.tokens.input = 10
        record.hold = id
        record.settlesHold = true
        try await journal.commit(record)
        hold.settle(Spending(usd: record.cost, tokens: 10, requests: 1), at: .now)
        gateway.done(record)
        return .served
    }
}
