internal import Chat
internal import Core

/// Finds virtual models that may call a model without a price on behalf of a caller whose money is limited: a call without a price cannot
/// be reserved.
struct UnpricedUnderBudget {
    /// A hard limit on money.
    fileprivate struct Budget {
        let rule: LimitRule
        let place: Place
        let owner: String
    }

    /// A team or key whose money is limited.
    fileprivate struct Holder {
        let access: any ModelAccess
        let budgets: [Budget]
    }

    private let organizations: OrganizationsSection
    /// The limits on money of each scope, by its path.
    private var ofScopes: [String: [Budget]] = [:]
    /// The limits on money of each key, by its id.
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

    /// Reports each such virtual model once, with the first limit that it would evade. A model without a price that is requested by its own
    /// name is only a notice: `unpriced: allow` says so.
    func check(_ models: ModelsSection, placeOf place: (String) -> Place?, _ diagnostics: DiagnosticCollector) {
        guard !ofScopes.isEmpty || !ofKeys.isEmpty else { return }
        let holders = holders
        for resolution in models.listed {
            switch resolution {
            case .virtual(let model):
                let unpriced = model.reachable.compactMap(\.unpricedName)
                guard let (budget, target) = holders.firstBudget(on: unpriced, of: .virtual(model)) else { continue }
                let origin = place(model.name).map { " (\(diagnostics.describe($0)))" } ?? ""
                diagnostics.error(
                    at: budget.place,
                    "the virtual model \"\(model.name)\"\(origin) may call \"\(target)\", which has no price, so \(budget.owner) cannot be held "
                        + "to this limit of \(budget.rule.terms); give \"\(target)\" a price (or \"price: free\"), or keep it out of "
                        + "\"\(model.name)\"")
            case .model(let entry):
                guard let name = Target.model(entry).unpricedName,
                    let (budget, _) = holders.firstBudget(on: [name], of: .provider(entry))
                else { continue }
                diagnostics.notice(
                    at: budget.place, "calls of \"\(name)\" have no price, so they do not count in this limit of \(budget.rule.terms)")
            case .off, .unknown: continue
            }
        }
    }

    /// The teams and keys whose money is limited.
    private var holders: [Holder] {
        organizations.teams.map { Holder(access: $0, budgets: budgets(of: $0)) }.filter { !$0.budgets.isEmpty }
            + organizations.keys.compactMap { key in ofKeys[key.id].map { Holder(access: key, budgets: $0) } }
    }

    /// The limits on money of the team and of everything above it.
    private func budgets(of team: Team) -> [Budget] {
        var path = ""
        return team.path.split(separator: "/").flatMap { part in
            path += (path.isEmpty ? "" : "/") + part
            return ofScopes[path] ?? []
        }
    }
}

extension [UnpricedUnderBudget.Holder] {
    /// The first limit that counts one of `names` (the models that `model` may call), of a team or key that may request `model`; and that
    /// name.
    fileprivate func firstBudget(on names: [String], of model: NamedModel) -> (UnpricedUnderBudget.Budget, name: String)? {
        if names.isEmpty { return nil }
        for holder in self where holder.access.allows(model) {
            for budget in holder.budgets {
                if let name = names.first(where: budget.rule.counts) { return (budget, name) }
            }
        }
        return nil
    }
}

extension Target {
    /// The name, if the model has no price; else `nil`.
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
