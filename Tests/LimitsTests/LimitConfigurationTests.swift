import Core
import TestSupport
import Testing

@testable import Limits

@Suite struct LimitConfigurationTests {
    static let wrong: [(ScopeRules, LimitConfigurationError.Problem)] = [
        (ScopeRules(path: "acme", limits: [usdLimit(-1)]), .negativeAmount),
        (ScopeRules(path: "acme", limits: [LimitRule(.usd(.zero))]), .missingPeriod),
        (ScopeRules(path: "acme", limits: [LimitRule(.concurrent(1), per: .day)]), .periodOfConcurrent),
        (ScopeRules(path: "acme", limits: [LimitRule(.concurrent(1), soft: true)]), .softConcurrent),
        (ScopeRules(path: "acme", limits: [LimitRule(.requests(1), per: .day, soft: true, wait: .seconds(1))]), .waitOfSoft),
        (ScopeRules(path: "acme", limits: [LimitRule(.requests(1), per: .day, wait: .zero)]), .waitOutOfRange),
        (ScopeRules(path: "acme", limits: [LimitRule(.requests(1), per: .day, wait: .seconds(601))]), .waitOutOfRange),
        (ScopeRules(path: "acme", limits: [usdLimit(1, models: [])]), .invalidModels),
        (ScopeRules(path: "acme", limits: [usdLimit(1, models: ["a*b"])]), .invalidModels),
        (ScopeRules(path: "acme", eachUser: [usdLimit(1, models: ["a", "b"]), usdLimit(2, models: ["b", "a", "a"])]), .duplicateLimit),
        (ScopeRules(path: "", limits: []), .invalidPath),
        (ScopeRules(path: "acme//x"), .invalidPath),
        (ScopeRules(path: "acme/"), .invalidPath),
        (ScopeRules(path: Array(repeating: "a", count: 17).joined(separator: "/")), .invalidPath),
        (ScopeRules(path: "acme", weight: 0), .weightOutOfRange),
        (ScopeRules(path: "acme", timeZone: "Europe/Berlni"), .unknownTimeZone("Europe/Berlni")),
        (ScopeRules(path: "acme", timeZone: "../../etc/passwd"), .unknownTimeZone("../../etc/passwd")),
        (ScopeRules(path: "acme", timeZone: ""), .unknownTimeZone("")),
    ]

    @Test(arguments: wrong)
    func whatMakesNoSenseIsRefused(_ rules: ScopeRules, _ problem: LimitConfigurationError.Problem) throws {
        let error = try #require(throws: LimitConfigurationError.self) { try limits([rules]) }
        #expect(error.problem == problem)
        #expect(error.description.hasPrefix(rules.path.isEmpty ? "(no name)" : rules.path))
        #expect(error.description.count > 40)
    }

    @Test func scopesAndKeysAreGivenOnce() throws {
        #expect(throws: LimitConfigurationError.self) { try limits([ScopeRules(path: "acme"), ScopeRules(path: "acme")]) }
        let key = KeyRules(id: "ci", team: "acme", limits: [usdLimit(1)])
        #expect(throws: LimitConfigurationError.self) { try limits([], keys: [key, key]) }
        #expect(throws: LimitConfigurationError.self) { try limits([], keys: [KeyRules(id: "", team: "acme", limits: [])]) }
        #expect(try limits([], keys: [key]).organizations["acme"]?.keys.count == 1)
    }

    /// Hard and soft, day and month, all models and some: these are different limits.
    @Test func differentLimitsOfOneKindGoTogether() throws {
        let rules = [
            usdLimit(5, per: .day), usdLimit(4, per: .day, soft: true), usdLimit(50, per: .month), usdLimit(1, per: .day, models: ["x"]),
        ]
        #expect(try tree([ScopeRules(path: "acme", limits: rules)]).states(at: noon).count == 4)
    }

    @Test func theMessageSaysWhatToDo() throws {
        let error = try #require(throws: LimitConfigurationError.self) {
            try limits([ScopeRules(path: "acme/a", limits: [LimitRule(.tokens(5))])])
        }
        #expect(
            error.description
                == "acme/a limit `tokens`: say over which time it counts, with `per: minute`, `hour`, `day`, `week`, `month` or `total`")
    }

    @Test(arguments: [
        ("openai/*", "openai/gpt-4", true), ("openai/*", "openai", false), ("*", "x", true), ("gpt-4", "gpt-4o", false),
        ("gpt-4*", "gpt-4o", true),
    ])
    func modelPatterns(_ pattern: String, _ model: String, _ isMember: Bool) throws {
        #expect(try #require(ModelSelection([pattern])).contains(model) == isMember)
    }
}

@Suite struct LimitBoundsTests {
    /// A team that invents users: those whose windows are over make room, and when none are, the team is refused, and no other.
    @Test func inventedUsersAreTheirTeamsOwnAffair() throws {
        let rules = [
            ScopeRules(path: "acme", eachKey: [usdLimit(10, per: .day)], eachUser: [usdLimit(10, per: .day)]), ScopeRules(path: "acme/b"),
        ]
        let limits = try tree(rules).organization(of: "acme")
        for number in 0..<LimitBounds.ownScopes { try limits.spend(request(usd(1), user: "user-\(number)")) }
        let refusal = try #require(limits.refusal(request(usd(1), user: "one more")))
        #expect(refusal.reason == .tooManyScopes(LimitCrowd(team: "acme", isOfKeys: false)) && refusal.kind == .rate)
        #expect(refusal.message.contains("acme has 65536 with limits of their own (each_user)"))
        // Keys are counted on their own, and other teams too; a user that is known is known to all.
        try limits.spend(request(usd(1), key: "key_1", user: "user-8"))
        try limits.spend(request(usd(1), team: "acme/b", user: "one more"))
        try limits.spend(request(usd(1), user: "one more"))
        // Those that are known go on.
        try limits.spend(request(usd(9), user: "user-7"))
        #expect(limits.refusal(request(usd(1), user: "user-7"))?.reason == .spent)
        let tomorrow = noon.plus(.seconds(86_400))
        try limits.spend(request(usd(1), user: "newest"), at: tomorrow)
        #expect(limits.states(at: tomorrow).count <= 3)
    }

    @Test func usersThatHoldOrWaitAreKept() throws {
        let limits = try tree([ScopeRules(path: "acme", eachUser: [usdLimit(10, per: .day)])]).organization(of: "acme")
        let hold = try limits.hold(request(usd(10), user: "holds"))
        for number in 1..<LimitBounds.ownScopes { try limits.spend(request(usd(1), user: "user-\(number)")) }
        let tomorrow = noon.plus(.seconds(86_400))
        try limits.spend(request(usd(1), user: "new"), at: tomorrow)
        #expect(limits.states(at: tomorrow).map(\.identity.scope.user) == ["holds", "new"])
        hold.settle(usd(3), at: tomorrow)
    }

    @Test func manyUnknownTeamsAreBoundAndNotRememberedForEver() throws {
        let limits = try organization(usdLimit(LimitBounds.unknownPaths64 + 100))
        for number in 0..<LimitBounds.unknownPaths64 + 100 { try limits.spend(request(usd(1), team: "acme/team-\(number)")) }
        #expect(limits.refusal(request(usd(1), team: "acme/other"))?.reason == .spent)
    }
}

extension LimitBounds {
    fileprivate static var unknownPaths64: Int64 { Int64(unknownPaths) }
}
