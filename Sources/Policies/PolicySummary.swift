internal import Chat
internal import Core

/// A summary of policies for people, as `purser check` prints it. Never contains secrets.
public enum PolicySummary {
    /// The summary: providers, models with their prices, virtual models with the models that they may call, teams with their keys, and
    /// every limit. Ends with a line break.
    public static func text(of snapshot: PolicySnapshot) -> String {
        let virtual = virtualModels(snapshot)
        let limits = limits(snapshot)
        return section("Providers", providers(snapshot)) + section("Models (USD per million tokens)", models(snapshot))
            + (virtual.isEmpty ? "" : section("Virtual models", virtual)) + section("Teams", teams(snapshot))
            + (limits.isEmpty ? "" : section("Limits", limits))
    }

    /// The providers that are off, each with its reason, in one line; `nil` when all are on.
    public static func offLine(_ snapshot: PolicySnapshot) -> String? {
        let off = snapshot.offProviders
        return off.isEmpty ? nil : off.map { "\($0.name) (\($0.reason))" }.joined(separator: ", ")
    }

    private static func providers(_ snapshot: PolicySnapshot) -> [[String]] {
        let on = snapshot.providers.map { provider in
            let credentials = provider.apiKey != nil ? "with API key" : "without API key"
            return [provider.name, "on", "\(provider.kind.rawValue) at \(provider.shownAddress), \(credentials)"]
        }
        return on + snapshot.offProviders.map { [$0.name, "off", $0.reason] }
    }

    private static func models(_ snapshot: PolicySnapshot) -> [[String]] {
        let served = snapshot.listing.filter { !$0.isAlias }.compactMap { listed -> [String]? in
            guard case .provider(let model) = listed.model else { return nil }
            return [model.name, price(model.pricing), aliases(model.aliases)]
        }
        let patterns = snapshot.table.patterns.map { pattern in
            switch pattern.target {
            case .on: [pattern.text, pattern.facts.pricing.map { price($0) } ?? "prices of the catalogue", "pattern"]
            case .off(let reason): [pattern.text, "off", "pattern; \(reason)"]
            }
        }
        let off = snapshot.offModels.map { [$0.name, "off", $0.reason] }
        return served + patterns + snapshot.unservedModels.map { [$0.name, "not served", "it has no price"] } + off
    }

    private static func virtualModels(_ snapshot: PolicySnapshot) -> [[String]] {
        snapshot.listing.compactMap { listed in
            guard case .virtual(let model) = listed.model, !listed.isAlias else { return nil }
            let targets = model.reachable.map { target in
                if case .off(let name, _) = target { name + " (off)" } else { target.name }
            }
            return [model.name, model.strategy.word, targets.joined(separator: ", "), aliases(model.aliases)]
        }
    }

    private static func teams(_ snapshot: PolicySnapshot) -> [[String]] {
        let keys = Dictionary(grouping: snapshot.keys, by: \.team.path).mapValues(\.count)
        return snapshot.teams.map { team in
            let count = keys[team.path, default: 0]
            let models =
                team.models.isEverything
                ? "all models" : team.models.written.isEmpty ? "no models" : team.models.written.joined(separator: ", ")
            return [team.path, count == 1 ? "1 key" : "\(count) keys", models]
        }
    }

    private static func limits(_ snapshot: PolicySnapshot) -> [[String]] {
        var rows: [[String]] = []
        func add(_ owner: String, _ limits: [LimitRule]) { rows += limits.map { [owner, $0.terms, $0.remarks] } }
        for scope in snapshot.limitScopes {
            let properties = [scope.timeZone.map { "time zone \($0)" }, scope.weight == 1 ? nil : "weight \(scope.weight)"].compactMap(
                \.self)
            if !properties.isEmpty { rows.append([scope.path, properties.joined(separator: ", ")]) }
            add(scope.path, scope.limits)
            add("\(scope.path), each key", scope.eachKey)
            add("\(scope.path), each user", scope.eachUser)
        }
        for key in snapshot.limitKeys { add(key.id, key.limits) }
        if !rows.isEmpty || snapshot.failsOpen {
            rows.append([
                "shared ledger away",
                snapshot.failsOpen ? "requests go on unlimited" : "requests are refused when leased slices are used up",
            ])
        }
        return rows
    }

    private static func price(_ pricing: Pricing?) -> String {
        switch pricing {
        case .listed(let list):
            let usual = list.standard.usual.named.map { "\($0.name.replacing("_", with: " ")) \($0.price.decimalString)" }
            let long = list.standard.long.map {
                ["above \($0.above) input tokens: input \($0.prices.input.decimalString), output \($0.prices.output.decimalString)"]
            }
            let tiers = ServiceTier.allCases.filter { $0 != .standard && list.listed($0) != nil }.map { "\($0.word) tier" }
            return (usual + (long ?? []) + tiers).joined(separator: ", ")
        case .free: return "free"
        case .unpriced: return "unpriced"
        case nil: return "not served"
        }
    }

    private static func aliases(_ names: [String]) -> String { names.isEmpty ? "" : "also " + names.joined(separator: ", ") }

    private static func section(_ title: String, _ rows: [[String]]) -> String {
        "\(title)\n" + (rows.isEmpty ? "  none\n" : TextTable.text(rows))
    }
}
