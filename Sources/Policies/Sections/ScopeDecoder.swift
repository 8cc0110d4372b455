internal import Chat
internal import Core

/// The limits of an organization, a team or a key, and where each is written.
struct WrittenScope {
    /// The scope of the limits: an organization's name or a team's path.
    let path: String
    /// The id of the key that the limits are for; `nil`: they are for the scope.
    let key: String?
    let limits: [WrittenLimit]
}

/// Reads the limits of organizations and teams, and collects the time zones that they name.
struct ScopeDecoder {
    private static let weights = 1...1_000

    private let limits: LimitDecoder
    /// The time zone of organizations that name none.
    private let defaultZone: String?
    private(set) var zones: [String: TimeZoneRules]
    private(set) var scopes: [ScopeRules] = []
    private(set) var keys: [KeyRules] = []
    /// The scopes in the order of the files.
    private(set) var written: [WrittenScope] = []

    init(_ limits: LimitDecoder, timeZone: TimeZoneDecoder.Named?) {
        self.limits = limits
        defaultZone = timeZone?.name
        zones = timeZone.map { [$0.name: $0.rules] } ?? [:]
    }

    /// Reads the limits of the scope at `path`. A scope without any is not kept.
    mutating func add(_ reader: MappingReader, path: String, isOrganization: Bool, _ resource: (PolicyResource) -> [UInt8]?) {
        let (own, eachKey, eachUser) = (
            limits.limits(reader["limits"]), limits.limits(reader["each_key"]), limits.limits(reader["each_user"])
        )
        let zone = reader["timezone"].flatMap { self.zone($0, resource) } ?? (isOrganization ? defaultZone : nil)
        let rules = ScopeRules(
            path: path, limits: own.map(\.rule), eachKey: eachKey.map(\.rule), eachUser: eachUser.map(\.rule), timeZone: zone,
            weight: reader["weight"]?.integer(in: Self.weights) ?? 1)
        if rules != ScopeRules(path: path) { scopes.append(rules) }
        note(own + eachKey + eachUser, path: path, key: nil)
    }

    /// Reads the limits of a key.
    mutating func add(key id: String, team: String, _ field: FieldReader) {
        let own = limits.limits(field)
        if !own.isEmpty { keys.append(KeyRules(id: id, team: team, limits: own.map(\.rule))) }
        note(own, path: team, key: id)
    }

    private mutating func note(_ limits: [WrittenLimit], path: String, key: String?) {
        if !limits.isEmpty { written.append(WrittenScope(path: path, key: key, limits: limits)) }
    }

    private mutating func zone(_ field: FieldReader, _ resource: (PolicyResource) -> [UInt8]?) -> String? {
        if case .scalar(let scalar) = field.node.content, zones[scalar.text] != nil { return scalar.text }
        guard let zone = TimeZoneDecoder.zone(field, resource) else { return nil }
        zones[zone.name] = zone.rules
        return zone.name
    }
}
