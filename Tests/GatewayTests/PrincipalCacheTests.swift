import Chat
import Core
import EventLoop
import Execution
import Ledger
import Policies
import Synchronization
import Testing

@testable import Gateway

/// Keys that the test decides on.
private final class GivenKeys: KeySource {
    private struct State {
        var next: KeySnapshot? = KeySnapshot()
        var isLost = false
    }
    private let state = Mutex(State())

    func set(_ grants: [KeyDigest: KeyGrant]) { state.withLock { $0.next = KeySnapshot(grants) } }
    func lose() { state.withLock { $0.isLost = true } }

    func snapshotIfChanged() throws(LedgerFailure) -> KeySnapshot? {
        let state = state.withLock { state in
            defer { state.next = nil }
            return state
        }
        if state.isLost { throw .corrupt(path: "keys.db", detail: "lost") }
        return state.next
    }
}

@Suite struct PrincipalCacheTests {
    private let source = GivenKeys()
    private let keys: LiveKeys
    private let cache: Cache
    private let registry = TargetRegistry()
    private let digest = KeyDigest.sha256(of: "sk-stored")

    /// A cache that macros can ask.
    private final class Cache {
        private var cache: PrincipalCache
        init(_ keys: LiveKeys) { cache = PrincipalCache(keys: keys, activities: KeyActivities()) }
        func find(_ digest: KeyDigest, _ policies: ServingPolicies, at seconds: Int64 = 1_000) throws -> Principal? {
            try cache.find(digest, in: policies, at: WallTime(microseconds: seconds * 1_000_000))
        }
        func mayLookAgain(at microseconds: Int64) -> Bool { cache.mayLookAgain(at: WallTime(microseconds: microseconds)) }
    }

    init() {
        keys = LiveKeys(source: source, grace: .seconds(300), log: LogLines().logger)
        cache = Cache(keys)
    }

    private func policies(_ teams: String, version: UInt64 = 1) throws -> ServingPolicies {
        let text =
            "models: {a: {provider: p, price: free}, b: {provider: p, price: free}}\n"
            + "providers: {p: {kind: openai, base_url: \"http://127.0.0.1:1/v1\"}}\n"
            + (teams.isEmpty ? "" : "organizations: {acme: {teams: \(teams)}}\n")
        return ServingPolicies(try snapshot(text), version: version, registry: registry)
    }

    private func grant(team: String = "acme/x", models: [String]? = nil, expires: Int64? = nil) -> KeyGrant {
        KeyGrant(id: "key_a", team: team, models: models, expires: expires.map { WallTime(microseconds: $0 * 1_000_000) })
    }

    private func store(_ grants: [KeyDigest: KeyGrant]) {
        source.set(grants)
        keys.refresh()
    }

    private func models(of principal: Principal, _ policies: ServingPolicies) -> [String] {
        policies.snapshot.listing.filter { principal.allows($0.model) }.map(\.id)
    }

    @Test func aKnownKeyIsTheSameObjectUntilPoliciesOrKeysChange() throws {
        let first = try policies("{x: {}}")
        store([digest: grant()])
        let principal = try #require(try cache.find(digest, first))
        #expect(try cache.find(digest, first) === principal)
        let reloaded = try #require(try cache.find(digest, try policies("{x: {}}", version: 2)))
        #expect(reloaded !== principal && reloaded.activity === principal.activity, "what is under way goes on")
        store([digest: grant(models: ["a"])])
        let narrowed = try #require(try cache.find(digest, try policies("{x: {}}", version: 2)))
        #expect(narrowed !== reloaded && narrowed.activity === principal.activity)
    }

    @Test func aRevokedKeyIsUnknownAtOnce() throws {
        let policies = try policies("{x: {}}")
        store([digest: grant()])
        #expect(try cache.find(digest, policies) != nil)
        store([:])
        #expect(try cache.find(digest, policies) == nil)
    }

    @Test func whatTeamAndKeyBothAllowIsAllowed() throws {
        let policies = try policies("{x: {models: [a]}, y: {}}")
        for (team, own, allowed) in [
            ("acme/x", nil, ["a"]), ("acme/x", ["b"], []), ("acme/x", ["a", "b"], ["a"]), ("acme/y", nil, ["a", "b"]),
            ("acme/y", ["b"], ["b"]), ("acme/y", ["none"], []),
        ] as [(String, [String]?, [String])] {
            store([digest: grant(team: team, models: own)])
            let principal = try #require(try cache.find(digest, policies))
            #expect(models(of: principal, policies) == allowed && principal.belongs(to: policies.snapshot), "\(team)")
        }
    }

    @Test func aTeamThatIsNotThereBelongsOnlyWhereNoneIs() throws {
        store([digest: grant(team: "other/z")])
        let stranger = try #require(try cache.find(digest, try policies("{x: {}}")))
        #expect(try !stranger.belongs(to: policies("{x: {}}").snapshot) && stranger.organization == "other")
        let guest = try #require(try cache.find(digest, try policies("", version: 2)))
        #expect(try guest.belongs(to: policies("").snapshot))
    }

    @Test(arguments: [(nil, 5, false), (1_000, 999, false), (1_000, 1_000, true), (1_000, 1_001, true)] as [(Int64?, Int64, Bool)])
    func aKeyExpiresWithTheSecond(_ expires: Int64?, _ now: Int64, _ isExpired: Bool) throws {
        store([digest: grant(expires: expires)])
        let principal = try #require(try cache.find(digest, try policies("{x: {}}"), at: 1))
        #expect(principal.isExpired(at: WallTime(microseconds: now * 1_000_000 + 999_999)) == isExpired)
    }

    /// While the key store is away too long, only keys of the policy files are served.
    @Test func keysOfFilesAreServedWhileTheStoreIsAway() throws {
        let listed = KeyDigest.sha256(of: "sk-listed")
        let text = listed.bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
        let policies = try policies("{x: {keys: [{name: ci, sha256: \"\(text)\"}]}}")
        store([digest: grant()])
        #expect(try cache.find(digest, policies) != nil && cache.find(listed, policies)?.keyName == "ci")
        source.lose()
        keys.refresh(at: .now() + .seconds(10))
        #expect(try cache.find(digest, policies) != nil, "within its grace")
        keys.refresh(at: .now() + .seconds(400))
        let error = #expect(throws: GatewayError.self) { try cache.find(digest, policies) }
        #expect(error?.code == .storageUnavailable && error?.retry == .after(.seconds(5)))
        #expect(throws: GatewayError.self) { try cache.find(.sha256(of: "sk-unknown"), policies) }
        #expect(try cache.find(listed, policies)?.keyName == "ci")
    }

    // MARK: Looking again

    @Test func twentyUnknownKeysAtOnceAreLookedUpAndThenOneEveryTwentyMilliseconds() {
        let now: Int64 = 1_800_000_000_000_000
        #expect((0..<100).count { _ in cache.mayLookAgain(at: now) } == 21)
        #expect((1...1_000).count { cache.mayLookAgain(at: now + Int64($0) * 1_000) } == 50)
        #expect((0..<100).count { _ in cache.mayLookAgain(at: now + 60_000_000) } == 21, "what was not used is not saved up")
    }

    /// A clock that was set back must not lock new keys out.
    @Test func aClockThatIsSetBackDelaysByOneIntervalAtMost() {
        let now: Int64 = 1_800_000_000_000_000
        while cache.mayLookAgain(at: now) {}
        let earlier = now - 86_400_000_000
        #expect(!cache.mayLookAgain(at: earlier))
        #expect(cache.mayLookAgain(at: earlier + 20_000))
    }
}
