import Chat
import Foundation
import Ledger
import Testing

@testable import Execution

/// One request of a team with a limit on all models and others on some, on a ledger of its own.
private final class OneRequest {
    private static let scopes = RequestScopes(team: "acme")
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("envelope-\(UUID().uuidString)").path
    private let ledger: SQLiteLedger
    private let limits: OrganizationLimits
    let envelope: Envelope

    /// - Parameters:
    ///   - cover: set aside for the first call, which is to be of `first`.
    ///   - dear: what calls of the model `dear` may cost together.
    init(first: String, cover: NanoUSD, all: NanoUSD, dear: NanoUSD) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        ledger = try SQLiteLedger(path: directory + "/ledger.db")
        let rules = [
            LimitRule(.usd(all), per: .total), LimitRule(.usd(dear), per: .total, models: ["dear"]),
            LimitRule(.requests(1), per: .day, models: ["dear"]),
        ]
        let tree = LimitTree(try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: rules)]) { _ in nil }, hooks: LimitHooks(alert: { _ in }, misuse: { _ in }))
        limits = tree.organization(of: "acme")
        let amount = Spending(usd: cover)
        guard case .held(let hold) = limits.reserve(SpendRequest(Self.scopes, model: first, amount: amount + Spending(requests: 1)), at: .now)
        else { throw NothingHeld() }
        var record = HoldRecord(
            id: "call-1", requestID: "req-1", time: .now, requestedModel: "auto", amount: cover, tokens: 0, priceVersion: "1/-/-/1")
        record.model = first
        envelope = Envelope(
            hold, record: record, cover: amount, needsPrices: true, journal: try ledger.journal(forLoop: 0), keeper: nil) { .now }
    }

    deinit {
        try? ledger.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    func held(_ model: String) -> [Int64] {
        limits.states(for: Self.scopes, model: model, at: .now).filter { $0.identity.kind == .usd }.map(\.held)
    }

    func spent(_ model: String) -> [Int64] {
        limits.states(for: Self.scopes, model: model, at: .now).filter { $0.identity.kind == .usd }.map(\.spent)
    }
}

/// Whole dollars.
private func usd(_ dollars: Int64) -> NanoUSD { NanoUSD(nanos: dollars * 1_000_000_000) }

private struct NothingHeld: Error {}

@Suite struct EnvelopeTests {
    @Test func theFirstCallHasItsCoverAlready() async throws {
        let request = try OneRequest(first: "cheap", cover: usd(5), all: usd(8), dear: usd(3))
        #expect(try await request.envelope.cover(Spending(usd: usd(4)), model: "cheap") == Spending(usd: usd(5)))
        #expect(request.held("cheap") == [5_000_000_000])
        // The next one gets its own.
        #expect(try await request.envelope.cover(Spending(usd: usd(2)), model: "cheap") == Spending(usd: usd(2)))
        do {
            _ = try await request.envelope.cover(Spending(usd: usd(2)), model: "cheap")
            Issue.record("covered")
        } catch { #expect(error.code == .rateLimitExceeded, "others hold what is left") }
        request.envelope.close(wasUsed: true)
        #expect(request.held("cheap") == [0])
    }

    /// The first of a chain takes no call at the moment, so the second is called first: the limit on the second binds all the same.
    @Test func anotherModelThanWasMeantIsHeldInItsOwnLimits() async throws {
        let request = try OneRequest(first: "cheap", cover: usd(5), all: usd(5), dear: usd(3))
        do {
            _ = try await request.envelope.cover(Spending(usd: usd(4)), model: "dear")
            Issue.record("covered")
        } catch { #expect(error.code == .budgetExceeded && error.publicMessage.contains("dear")) }
        // What was meant for the other is not in its way.
        #expect(try await request.envelope.cover(Spending(usd: usd(3)), model: "dear") == Spending(usd: usd(3)))
        #expect(request.held("dear") == [3_000_000_000, 3_000_000_000])
        request.envelope.charge(usd(2), tokens: 9, cover: Spending(usd: usd(3)), model: "dear")
        request.envelope.close(wasUsed: true)
        #expect(request.held("dear") == [0, 0] && request.spent("dear") == [2_000_000_000, 2_000_000_000])
    }

    @Test func aFirstCallThatNeedsMoreGetsIt() async throws {
        let request = try OneRequest(first: "dear", cover: usd(2), all: usd(5), dear: usd(3))
        #expect(try await request.envelope.cover(Spending(usd: usd(3)), model: "dear") == Spending(usd: usd(3)))
        #expect(request.held("dear") == [3_000_000_000, 3_000_000_000])
        request.envelope.close(wasUsed: false)
        #expect(request.held("dear") == [0, 0] && request.spent("dear") == [0, 0])
    }
}
