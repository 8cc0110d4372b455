public import Core

/// All limits of a policy, checked and made ready.
public struct LimitConfiguration: Sendable {
    /// The limits of each organization, by its name.
    let organizations: [String: OrganizationRules]

    /// No limits at all.
    public static let none = LimitConfiguration(organizations: [:])

    private init(organizations: [String: OrganizationRules]) { self.organizations = organizations }

    /// Checks rules.
    /// - Parameters:
    ///   - scopes: in any order; each path at most once.
    ///   - keys: each id at most once.
    ///   - zone: gives the time zone of a name, `nil` when there is none.
    /// - Throws: the first thing that makes no sense.
    public init(scopes: [ScopeRules], keys: [KeyRules] = [], zone: (String) -> TimeZoneRules?) throws(LimitConfigurationError) {
        var builder = LimitConfigurationBuilder()
        for scope in scopes.sorted(by: { $0.path < $1.path }) { try builder.add(scope, zone) }
        for key in keys { try builder.add(key) }
        organizations = builder.organizations
    }
}

/// One limit, checked.
struct LimitTerms: Sendable {
    let kind: LimitKind
    let period: LimitPeriod?
    let models: ModelSelection?
    let soft: Bool
    /// The amount, in the unit of the kind.
    let units: Int64
    /// How long a request may wait for headroom, in microseconds; `nil`: the kind's default.
    let wait: Int64?
    let webhook: String?

    func identity(_ scope: LimitScope) -> LimitIdentity {
        LimitIdentity(scope: scope, kind: kind, period: period, models: models, soft: soft)
    }

    /// Whether the two are one limit, perhaps with another amount.
    func isSame(as other: LimitTerms) -> Bool {
        kind == other.kind && period == other.period && soft == other.soft && models == other.models
    }
}

/// An organization or a team, checked.
struct CompiledScope: Sendable {
    let path: String
    var zone: TimeZoneRules
    var weight = 1
    var limits: [LimitTerms] = []
    var eachKey: [LimitTerms] = []
    var eachUser: [LimitTerms] = []
}

/// The limits of one key, checked.
struct CompiledKey: Sendable {
    let id: String
    let path: String
    let limits: [LimitTerms]
}

/// All limits of one organization, checked.
struct OrganizationRules: Sendable {
    let name: String
    /// What is above comes first.
    var scopes: [CompiledScope]
    var keys: [CompiledKey] = []

    init(_ name: String) {
        self.name = name
        scopes = [CompiledScope(path: name, zone: .utc)]
    }
}

private struct LimitConfigurationBuilder {
    var organizations: [String: OrganizationRules] = [:]
    private var seen: Set<String> = []
    /// Where in its organization a scope is.
    private var positions: [String: Int] = [:]
    private var keys: Set<String> = []

    mutating func add(_ rules: ScopeRules, _ zone: (String) -> TimeZoneRules?) throws(LimitConfigurationError) {
        let name = rules.path
        func problem(_ problem: LimitConfigurationError.Problem) -> LimitConfigurationError {
            LimitConfigurationError(scope: name.isEmpty ? "(no name)" : name, rule: nil, problem: problem)
        }
        guard Self.isPath(name) else { throw problem(.invalidPath) }
        guard seen.insert(name).inserted else { throw problem(.duplicateScope) }
        guard (1...1_000).contains(rules.weight) else { throw problem(.weightOutOfRange) }
        var scope = CompiledScope(path: name, zone: .utc, weight: rules.weight)
        scope.limits = try Self.check(rules.limits, of: name)
        scope.eachKey = try Self.check(rules.eachKey, of: "\(name) each key")
        scope.eachUser = try Self.check(rules.eachUser, of: "\(name) each user")
        let above = addAbove(name)
        scope.zone = above?.zone ?? .utc
        if let wanted = rules.timeZone {
            guard let found = zone(wanted) else { throw problem(.unknownTimeZone(wanted)) }
            scope.zone = found
        }
        insert(scope)
    }

    mutating func add(_ rules: KeyRules) throws(LimitConfigurationError) {
        let name = "key \(rules.id)"
        guard !rules.id.isEmpty, Self.isPath(rules.team) else {
            throw LimitConfigurationError(scope: name, rule: nil, problem: .invalidKey)
        }
        guard keys.insert(rules.id).inserted else { throw LimitConfigurationError(scope: name, rule: nil, problem: .duplicateScope) }
        let limits = try Self.check(rules.limits, of: name)
        if !limits.isEmpty {
            addMissing(rules.team)
            organizations[Self.organization(rules.team)]?.keys.append(CompiledKey(id: rules.id, path: rules.team, limits: limits))
        }
    }

    /// The scope above; it is made if it has no rules of its own. `nil`: there is nothing above.
    private mutating func addAbove(_ path: String) -> CompiledScope? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return addMissing(String(path[..<slash]))
    }

    @discardableResult
    private mutating func addMissing(_ path: String) -> CompiledScope {
        if let position = positions[path], let known = organizations[Self.organization(path)]?.scopes[position] { return known }
        let made = CompiledScope(path: path, zone: addAbove(path)?.zone ?? .utc)
        insert(made)
        return made
    }

    private mutating func insert(_ scope: CompiledScope) {
        let name = Self.organization(scope.path)
        var rules = organizations.removeValue(forKey: name) ?? OrganizationRules(name)
        let position = scope.path == name ? 0 : positions[scope.path] ?? rules.scopes.count
        if position == rules.scopes.count { rules.scopes.append(scope) } else { rules.scopes[position] = scope }
        positions[scope.path] = position
        organizations[name] = rules
    }

    private static func organization(_ path: String) -> String { String(path.prefix { $0 != "/" }) }

    private static func isPath(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count <= LimitBounds.depth && parts.allSatisfy { !$0.isEmpty }
    }

    private static func check(_ rules: [LimitRule], of scope: String) throws(LimitConfigurationError) -> [LimitTerms] {
        var checked: [LimitTerms] = []
        for rule in rules {
            let terms: LimitTerms
            do throws(Problem) {
                terms = try check(rule)
                if checked.contains(where: { $0.isSame(as: terms) }) { throw .duplicateLimit }
            } catch {
                throw LimitConfigurationError(scope: scope, rule: rule, problem: error)
            }
            checked.append(terms)
        }
        return checked
    }

    private typealias Problem = LimitConfigurationError.Problem

    private static func check(_ rule: LimitRule) throws(Problem) -> LimitTerms {
        let kind = rule.amount.kind
        if rule.amount.units < 0 { throw .negativeAmount }
        if kind == .concurrent, rule.period != nil { throw .periodOfConcurrent }
        if kind != .concurrent, rule.period == nil { throw .missingPeriod }
        if kind == .concurrent, rule.soft { throw .softConcurrent }
        if let wait = rule.wait {
            if rule.soft { throw .waitOfSoft }
            if wait <= .zero || wait > LimitBounds.longestWait { throw .waitOutOfRange }
        }
        let models = rule.models.flatMap(ModelSelection.init)
        if rule.models != nil, models == nil { throw .invalidModels }
        return LimitTerms(
            kind: kind, period: rule.period, models: models, soft: rule.soft, units: rule.amount.units, wait: rule.wait?.microseconds,
            webhook: rule.webhook)
    }
}
