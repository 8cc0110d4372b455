import Chat
import Core
import Dialects
import EventLoop
import Foundation
import Ledger
import Limits
import Testing

@testable import Execution
@testable import Policies

/// Runs plans over scripted calls, with limits, on a ledger of their own: everything but libcurl is real.
final class RunBench {
    let calls: ScriptedCalls
    let limits: OrganizationLimits
    private let loop: EventLoop
    private let executor: CallExecutor
    private let reader = JSONReader()
    private let ledger: SQLiteLedger
    private let journal: UsageJournal
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)").path
    private let policies: ServingPolicies
    private var names = 0
    static let scopes = RequestScopes(team: "acme")

    /// - Parameters:
    ///   - limit: what all calls may cost together; `nil`: no limit binds them.
    ///   - provider: more members of the provider, such as `retry: {attempts: 3}`.
    init(
        on loop: EventLoop, limit: NanoUSD? = NanoUSD(nanos: 1_000_000_000_000), provider: String = "retry: {attempts: 1}, breaker: off",
        _ script: @escaping (String) -> Script
    ) throws {
        self.loop = loop
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        ledger = try SQLiteLedger(path: directory + "/ledger.db")
        journal = try ledger.journal(forLoop: 0)
        calls = ScriptedCalls(on: loop, script)
        executor = CallExecutor(loop: loop, reader: reader, calls: calls)
        let rules = limit.map { [LimitRule(.usd($0), per: .total), LimitRule(.concurrent(1_000_000))] } ?? []
        limits = LimitTree(
            try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: rules)]) { _ in nil },
            hooks: LimitHooks(alert: { _ in }, misuse: { Issue.record("\($0)") })
        ).organization(of: "acme")
        policies = ServingPolicies(try Self.snapshot(provider), version: 1, registry: TargetRegistry())
    }

    deinit {
        try? ledger.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Policies with a provider and the models `m0` to `m5`.
    static func snapshot(_ provider: String) throws -> PolicySnapshot {
        let text = """
            providers:
              p: {kind: openai, base_url: http://h, \(provider)}
            models:
            \((0..<6).map { "  m\($0): {provider: p, price: {input: 1, output: 1}, max_output_tokens: 100}" }.joined(separator: "\n"))
            """
        let compilation = PolicyCompiler.compile([PolicyFile(path: "main.yaml", text: text)], environment: [:], assumesProvidersOn: true) {
            _ in nil
        }
        return try #require(compilation.snapshot, "\(compilation.diagnostics.rendered)")
    }

    /// A call to the model `m` with that number.
    func call(_ number: Int) throws -> Plan {
        var features = RequestFeatures(requestedModels: ["m\(number)"])
        features.facts.maxOutputTokens = 10
        return try policies.snapshot.decide(features, allowed: ModelSet.everything, state: FreshTargetState()).plan
    }

    /// A run of which nothing has happened; `nil` when its limits refuse its first call.
    func run(_ plan: Plan, isStream: Bool = false, patience: Duration = .seconds(3_600)) throws -> PlanRun? {
        names += 1
        let number = names
        guard let envelope = try envelope(for: plan, number, isStream: isStream) else { return nil }
        var template = UsageRecord(
            requestID: "req-\(number)", callID: "", time: .now, requestedModel: "m0", priceVersion: "", status: .ok)
        template.organization = "acme"
        template.team = "acme"
        return PlanRun(
            executor, policies: policies, deadline: .now() + patience, caller: "key", team: "acme", envelope: envelope,
            books: Books(journal: journal, record: template, number: number))
    }

    /// The client's request.
    func request(isStream: Bool) throws -> ChatRequest {
        let body = #"{"model":"m0","messages":[{"role":"user","content":"hi"}],"max_tokens":10,"stream":\#(isStream)}"#
        return try ChatRequest(decoding: Array(body.utf8), reader: reader)
    }

    private final class Books: RunBooks {
        let journal: UsageJournal
        let record: UsageRecord
        let startTime = MonotonicTime.now()
        private let number: Int
        private var made = 0

        init(journal: UsageJournal, record: UsageRecord, number: Int) {
            (self.journal, self.record, self.number) = (journal, record, number)
        }

        func nextCallID() -> String {
            made += 1
            return "call-\(number)-\(made)"
        }

        func countUnreserved(_ record: UsageRecord, _ mark: JournalMark?) {}
    }

    private func envelope(for plan: Plan, _ number: Int, isStream: Bool) throws -> Envelope? {
        guard let first = plan.firstCall else { return nil }
        let requestLimits = RequestLimits(limits, for: Self.scopes, isStream: isStream)
        let covered = try requestLimits.covered(first, at: .now)
        let request = SpendRequest(Self.scopes, model: first.model.name, amount: covered.cover + Spending(requests: 1))
        guard case .held(let hold) = limits.reserve(request, at: .now) else { return nil }
        let record = HoldRecord(
            id: "hold-\(number)", requestID: "req-\(number)", time: .now, requestedModel: "m0", amount: covered.cover.usd,
            tokens: covered.cover.tokens, priceVersion: "1/-/-/1")
        return Envelope(
            hold, of: requestLimits, record: record, first: Envelope.First(origin: first, covered: covered), journal: journal, keeper: nil
        ) { .now }
    }

    /// Carries a plan out to its end, as an endpoint does.
    /// - Returns: the text that was answered, or the code of the error.
    func answer(_ run: PlanRun, _ plan: Plan, isStream: Bool = false, ceiling: NanoUSD? = nil) async -> Result<String, GatewayError> {
        do throws(GatewayError) {
            guard let request = try? request(isStream: isStream) else { throw GatewayError(.internalError, "no request") }
            let form = ClientDialect.chatCompletions.form
            let started: StartedAnswer
            do throws(GatewayError) {
                started = try await run.start(plan, Question(request, as: form, ceiling: ceiling))
                try await run.begun(started)
            } catch { throw await run.closed(after: error) }
            return .success(try await finish(run, started))
        } catch { return .failure(error) }
    }

    /// Reads an answer that has begun to its end, and closes the run.
    func finish(_ run: PlanRun, _ answer: StartedAnswer) async throws(GatewayError) -> String {
        var failure: GatewayError?
        var bytes: [UInt8] = []
        if let whole = answer.whole {
            bytes = ClientDialect.chatCompletions.body(whole)
        } else {
            bytes = answer.events
            var goesOn = answer.goesOn
            while goesOn {
                do throws(GatewayError) { goesOn = try await answer.source.next(&bytes) } catch { (failure, goesOn) = (error, false) }
            }
        }
        try await run.close()
        if let failure { throw failure }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The records of all runs, in the order in which they were committed.
    func records() throws -> [UsageRecord] {
        var records: [UsageRecord] = []
        try UsageReader(path: directory + "/ledger.db").forEachRecord(UsageQuery()) { records.append($0) }
        return records.sorted { $0.time.microseconds < $1.time.microseconds }
    }

    /// Ends the ledger.
    /// - Returns: holds that are still open in it.
    func openHolds() throws -> Int {
        try ledger.close()
        return ledger.statistics.openHolds
    }

    /// What is reserved in each limit: nano-dollars, and requests under way.
    var held: [Int64] { limits.states(at: .now).map(\.held) }
    /// Nano-dollars.
    var spent: Int64 { limits.states(at: .now).first { $0.identity.kind == .usd }?.spent ?? 0 }
}

/// Runs `body` as a task of a loop with a thread of its own and waits for it.
func onLoop<R: Sendable>(_ body: @escaping @Sendable (EventLoop) async throws -> R) async throws -> R {
    let group = try LoopGroup(count: 1)
    let loop = group.loops[0]
    let result: Result<R, any Error> = await withUnsafeContinuation { continuation in
        loop.spawn {
            do { continuation.resume(returning: .success(try await body(loop))) } catch { continuation.resume(returning: .failure(error)) }
        }
    }
    group.stopAndWait()
    return try result.get()
}
