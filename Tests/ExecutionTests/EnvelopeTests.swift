import Chat
import Core
import Foundation
import Ledger
import Limits
import Testing

@testable import Execution
@testable import Policies

/// One request of a team with a limit on all models and others on some, on a ledger of its own.
private final class OneRequest {
    private static let scopes = RequestScopes(team: "acme")
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("envelope-\(UUID().uuidString)").path
    private let ledger: SQLiteLedger
    private let limits: OrganizationLimits
    private let snapshot: PolicySnapshot
    let envelope: Envelope
    /// The call for which money is set aside at the beginning.
    let first: PlannedCall

    /// - Parameters:
    ///   - first: the model and the output tokens of the first call; a token costs a dollar.
    ///   - dear: what calls of the model `dear` may cost together.
    init(first: (model: String, tokens: Int64), all: NanoUSD, dear: NanoUSD) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        ledger = try SQLiteLedger(path: directory + "/ledger.db")
        let rules = [
            LimitRule(.usd(all), per: .total), LimitRule(.usd(dear), per: .total, models: ["dear"]),
            LimitRule(.requests(1), per: .day, models: ["dear"]),
        ]
        let tree = LimitTree(
            try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: rules)]) { _ in nil },
            hooks: LimitHooks(alert: { _ in }, misuse: { _ in }))
        limits = tree.organization(of: "acme")
        snapshot = try Self.policies()
        let call = try Self.call(snapshot, first.model, first.tokens)
        let requestLimits = RequestLimits(limits, for: Self.scopes, isStream: false)
        let covered = try requestLimits.covered(call, at: .now)
        guard
            case .held(let hold) = limits.reserve(
                SpendRequest(Self.scopes, model: first.model, amount: covered.cover + Spending(requests: 1)), at: .now)
        else { throw NothingHeld() }
        var record = HoldRecord(
            id: "call-1", requestID: "req-1", time: .now, requestedModel: "auto", amount: covered.cover.usd, tokens: 0,
            priceVersion: "1/-/-/1")
        record.model = first.model
        self.first = call
        envelope = Envelope(
            hold, of: requestLimits, record: record, first: Envelope.First(origin: call, covered: covered),
            journal: try ledger.journal(forLoop: 0), keeper: nil
        ) { .now }
    }

    deinit {
        try? ledger.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A call to a model whose output costs a tenth of a dollar a token, and its input nothing.
    func call(_ model: String, _ tokens: Int64) throws -> PlannedCall { try Self.call(snapshot, model, tokens) }

    private static func call(_ snapshot: PolicySnapshot, _ model: String, _ tokens: Int64) throws -> PlannedCall {
        var features = RequestFeatures(requestedModels: [model])
        features.facts.maxOutputTokens = tokens
        let decision = try snapshot.decide(features, allowed: ModelSet.everything, state: FreshTargetState())
        return try #require(decision.plan.firstCall)
    }

    private static func policies() throws -> PolicySnapshot {
        let text = """
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              cheap: {provider: p, price: {input: 0, output: 100000}}
              dear: {provider: p, price: {input: 0, output: 100000}}
              unpriced: {provider: p, unpriced: allow}
            """
        let compilation = PolicyCompiler.compile([PolicyFile(path: "main.yaml", text: text)], environment: [:], assumesProvidersOn: true) {
            _ in nil
        }
        return try #require(compilation.snapshot, "\(compilation.diagnostics.rendered)")
    }

    /// Covers `call` after `ended`; the error where it is refused.
    func cover(_ call: PlannedCall, after ended: [EndedCall] = []) async -> Result<CoveredCall, GatewayError> {
        do throws(GatewayError) { return .success(try await envelope.cover(call, of: call, after: ended)) } catch { return .failure(error) }
    }

    func states(_ model: String) -> [LimitState] {
        limits.states(for: Self.scopes, model: model, at: .now).filter { $0.identity.kind == .usd }
    }

    func held(_ model: String) -> [Int64] { states(model).map { $0.held / 100_000_000 } }
    func spent(_ model: String) -> [Int64] { states(model).map { $0.spent / 100_000_000 } }
}

extension Result where Success == CoveredCall, Failure == GatewayError {
    fileprivate var output: Int64? { (try? get())?.call.extent.output }
    fileprivate var code: GatewayError.Code? { if case .failure(let error) = self { error.code } else { nil } }
}

/// What so many output tokens cost: a tenth of a dollar each.
private func usd(_ tokens: Int64) -> NanoUSD { NanoUSD(nanos: tokens * 100_000_000) }

private struct NothingHeld: Error {}

@Suite struct EnvelopeTests {
    @Test func theFirstCallHasItsCoverAlready() async throws {
        let request = try OneRequest(first: ("cheap", 50), all: usd(80), dear: usd(30))
        #expect(await request.cover(request.first).output == 50 && request.held("cheap") == [50])
        // The next one gets what is left, with a lower limit of output.
        #expect(await request.cover(try request.call("cheap", 40)).output == 30 && request.held("cheap") == [80])
        #expect(await request.cover(try request.call("cheap", 20)).code == .rateLimitExceeded, "what is left is held")
        request.envelope.close(wasUsed: true)
        #expect(request.held("cheap") == [0])
    }

    /// The first of a chain takes no call at the moment, so the second is called first: the limit on the second binds all the same.
    @Test func anotherModelThanWasMeantIsHeldInItsOwnLimits() async throws {
        let request = try OneRequest(first: ("cheap", 50), all: usd(50), dear: usd(30))
        #expect(await request.cover(try request.call("dear", 40)).output == 30, "what was meant for the other is not in its way")
        #expect(request.held("dear") == [30, 30])
        request.envelope.charge(EndedCall(actual: Spending(usd: usd(20), tokens: 9), reserved: Spending(usd: usd(30)), model: "dear"))
        request.envelope.close(wasUsed: true)
        #expect(request.held("dear") == [0, 0] && request.spent("dear") == [20, 20])
    }

    @Test func aFirstCallThatNeedsMoreGetsIt() async throws {
        let request = try OneRequest(first: ("dear", 20), all: usd(50), dear: usd(30))
        let larger = try request.call("dear", 30)
        let covered = try await request.envelope.cover(larger, of: request.first, after: [])
        #expect(covered.cover.usd == usd(30) && request.held("dear") == [30, 30])
        request.envelope.close(wasUsed: false)
        #expect(request.held("dear") == [0, 0] && request.spent("dear") == [0, 0])
    }

    @Test func whatACallThatIsOverHasLeftIsForTheNext() async throws {
        let request = try OneRequest(first: ("cheap", 40), all: usd(50), dear: usd(30))
        _ = await request.cover(request.first)
        let ended = EndedCall(actual: .nothing, reserved: Spending(usd: usd(40), tokens: 40), model: "cheap")
        #expect(await request.cover(request.first, after: [ended]).output == 40 && request.held("cheap") == [40])
        request.envelope.close(wasUsed: true)
    }

    @Test func whatIsInDoubtIsSpentAndShown() async throws {
        let request = try OneRequest(first: ("cheap", 40), all: usd(50), dear: usd(30))
        _ = await request.cover(request.first)
        var ended = EndedCall(actual: Spending(usd: usd(40)), reserved: Spending(usd: usd(40), tokens: 40), model: "cheap")
        ended.doubt = Spending(usd: usd(35))
        #expect(await request.cover(request.first, after: [ended]).code == .budgetExceeded, "ten are left")
        #expect(request.spent("cheap") == [40] && request.states("cheap").map(\.inDoubt) == [3_500_000_000])
        request.envelope.close(wasUsed: true)
    }

    @Test func aModelWithoutAPriceIsRefusedUnderALimitOnMoney() async throws {
        let request = try OneRequest(first: ("cheap", 40), all: usd(50), dear: usd(30))
        #expect(await request.cover(try request.call("unpriced", 1)).code == .budgetExceeded)
        request.envelope.close(wasUsed: false)
    }
}
