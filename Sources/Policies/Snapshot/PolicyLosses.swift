internal import Chat
internal import Core

/// What a reload would remove although it is in use. The likely reason is a mistake: an empty, half-written or moved file. Not checked at
/// the start, when nothing is in use yet.
extension PolicySnapshot {
    /// The names of all organizations that have teams or limits.
    public var organizations: Set<String> {
        Set(teams.map(\.organization)).union(limitScopes.map { String($0.path.prefix { $0 != "/" }) })
    }

    /// Whether any model can be requested, by name or by pattern.
    public var servesModels: Bool { !listing.isEmpty || table.patterns.contains { if case .on = $0.target { true } else { false } } }

    /// What would be removed if `next` replaced these policies, each as a noun phrase for messages; empty when nothing is.
    /// - Parameter teamsInUse: the paths of the teams of keys that are in use.
    public func losses(to next: PolicySnapshot, teamsInUse: Set<String>) -> [String] {
        var losses: [String] = []
        if !providers.isEmpty, next.providers.isEmpty { losses.append("every provider") }
        if servesModels, !next.servesModels { losses.append("every model") }
        let known = organizations
        if !known.isEmpty, next.organizations.isEmpty {
            losses.append("every organization (\(Self.list(known)))")
        } else {
            let vanished = teamsInUse.filter { team($0) != nil && next.team($0) == nil }
            if !vanished.isEmpty { losses.append("the teams of keys in use (\(Self.list(vanished)))") }
        }
        return losses
    }

    /// The first names in order, and how many more there are.
    private static func list(_ names: Set<String>) -> String {
        let shown = names.sorted().prefix(10).map(shortened).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }
}
