import Chat

/// Finds virtual models that may call a model without a price for somebody whose money is limited: what cannot be priced cannot be held back.
struct UnpricedUnderBudget {
    /// A hard limit on money.
    fileprivate struct Budget {
        let rule: LimitRule
        let place: Place
        let owner: String
    }

    private let organizations: OrganizationsSection
    /// By path.
    private var ofScopes: [String: [Budget]] = [:]
    /// By id.
    private var ofKeys: [String: [Budget]] = [:]

    init(_ organizations: OrganizationsSection) {
        self.organizations = organizations
        for scope in organizations.limits.written {
            let owner = scope.key.map { "key \($0)" } ?? scope.path
            let budgets = scope.limits.filter(\.rule.isHardOnMoney).map { Budget(rule: $0.rule, place: $0.place, owner: owner) }
            if budgets.isEmpty { continue }
            if let key = scope.key { ofKeys[key, default: []] += budgets } else { ofScopes[scope.path, default: []] += budgets }
        }
    }

    /// Reports each such virtual model once, at the first limit that it would get past.
    func check(_ models: ModelsSection, placeOf place: (String) -> Place?, _ diagnostics: DiagnosticCollector) {
        guard !ofScopes.isEmpty || !ofKeys.isEmpty else { return }
        let teams = organizations.teams.map { (team: $0, budgets: budgets(of: $0)) }.filter { !$0.budgets.isEmpty }
        let keys = organizations.keys.compactMap { key in ofKeys[key.id].map { (key: key, budgets: $0) } }
        for case .virtual(let model) in models.listed {
            let unpriced = model.reachable.compactMap(\.unpricedName)
            if unpriced.isEmpty { continue }
            let binding =
                teams.first { $0.team.allows(.virtual(model)) && $0.budgets.meet(unpriced) != nil }?.budgets
                ?? keys.first { $0.key.allows(.virtual(model)) && $0.budgets.meet(unpriced) != nil }?.budgets
            guard let (budget, target) = binding?.meet(unpriced) else { continue }
            let origin = place(model.name).map { " (\(diagnostics.describe($0)))" } ?? ""
            diagnostics.error(
                at: budget.place,
                "the virtual model \"\(model.name)\"\(origin) may call \"\(target)\", which has no price, so \(budget.owner) cannot be held to "
                    + "this limit of \(budget.rule.terms); give \"\(target)\" a price (or \"price: free\"), or keep it out of \"\(model.name)\""
            )
        }
    }

    /// Those of the team, and of all that is above it.
    private func budgets(of team: Team) -> [Budget] {
        var path = ""
        return team.path.split(separator: "/").flatMap { part in
            path += (path.isEmpty ? "" : "/") + part
            return ofScopes[path] ?? []
        }
    }
}

extension [UnpricedUnderBudget.Budget] {
    /// The first limit and the first of `models` that it counts.
    fileprivate func meet(_ models: [String]) -> (UnpricedUnderBudget.Budget, String)? {
        for budget in self {
            if let model = models.first(where: budget.rule.counts) { return (budget, model) }
        }
        return nil
    }
}

extension Target {
    /// The name, when calls cost something that nobody knows.
    fileprivate var unpricedName: String? {
        if case .model(let model) = self, case .unpriced? = model.pricing { model.name } else { nil }
    }
}

extension LimitRule {
    fileprivate var isHardOnMoney: Bool { !soft && amount.kind == .usd }

    /// Whether calls of `model` count.
    fileprivate func counts(_ model: String) -> Bool {
        models?.contains { $0.last == "*" ? model.utf8.starts(with: $0.utf8.dropLast()) : $0 == model } ?? true
    }
}
