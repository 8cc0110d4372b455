internal import Chat

/// `user`, `team`, `key`: the caller of the request. A team includes its sub-teams; a key matches by its name within the team or by its id.
final class CallerCondition: Sendable {
    enum Subject: String, Sendable { case user, team, key }

    private let subject: Subject
    private let texts: TextCondition
    /// For teams: the prefixes of the paths of their sub-teams.
    private let subteams: [String]

    init?(_ subject: Subject, _ field: FieldReader, _ context: Condition.Context) {
        guard let texts = TextCondition(field), let items = field.alternatives() else { return nil }
        self.subject = subject
        self.texts = texts
        let names = items.compactMap { if case .scalar(let scalar) = $0.node.content { scalar.text } else { nil } }
        subteams = subject == .team ? names.map { $0 + "/" } : []
        guard subject == .team else { return }
        for item in items {
            guard case .scalar(let scalar) = item.node.content else { continue }
            guard scalar.text.last != "*", context.isComplete, !context.teams.isEmpty else { continue }
            guard !context.teams.contains(where: { $0 == scalar.text || $0.hasPrefix(scalar.text + "/") }) else { continue }
            let nearest = EditDistance.nearest(to: scalar.text, among: context.teams)
            _ = item.refuse("unknown team \"\(shortened(scalar.text))\"", suggestion: nearest) as String?
            return nil
        }
    }

    func holds(_ features: RequestFeatures) -> Bool {
        switch subject {
        case .user: return texts.holds(features.facts.user)
        case .key: return texts.holds(features.keyName) || texts.holds(features.keyID)
        case .team:
            guard let team = features.team else { return false }
            return texts.holds(team) || subteams.contains { team.utf8.starts(with: $0.utf8) }
        }
    }

    func implies(_ other: CallerCondition) -> Bool { subject == other.subject && texts.implies(other.texts) }
}
