internal import Chat
internal import Core

/// The highest costs of a policy's models, as text for people.
public enum CostSummary {
    /// The virtual models with the most that a request can cost: each 1,000 tokens of input, and the longest possible output. Then the models
    /// that can be reached and have no full price.
    public static func text(of snapshot: PolicySnapshot) -> String {
        let virtual = snapshot.listing.compactMap { listed -> VirtualModel? in
            if case .virtual(let model) = listed.model, !listed.isAlias { model } else { nil }
        }
        var text = ""
        if !virtual.isEmpty {
            let rows = virtual.map { model in
                let bound = CostBound(model.strategy)
                return [model.name, bound.map(\.perThousandInput) ?? "unknown", bound.map(\.output) ?? "unknown", attempts(model)]
            }
            text += "Virtual models: the most that a request can cost (USD)\n"
            text += TextTable.text([["Model", "per 1,000 input tokens", "full output", ""]] + rows)
        }
        let unpriced = self.unpriced(snapshot)
        if !unpriced.isEmpty { text += "Without a full price\n" + TextTable.text(unpriced) }
        return text
    }

    private static func attempts(_ model: VirtualModel) -> String {
        model.callCount == 1 ? "1 call" : "up to \(model.callCount) calls, each of which may be billed"
    }

    private static func unpriced(_ snapshot: PolicySnapshot) -> [[String]] {
        let listed = snapshot.listing.compactMap { listed -> [String]? in
            guard case .provider(let model) = listed.model, !listed.isAlias, model.pricing == .unpriced else { return nil }
            return [model.name, "calls are recorded at zero and marked as unpriced"]
        }
        let patterns = snapshot.table.patterns.compactMap { pattern -> [String]? in
            switch pattern.facts.pricing {
            case .unpriced: [pattern.text, "calls are recorded at zero and marked as unpriced"]
            case nil: [pattern.text, "only models of the catalogue are served"]
            case .listed, .free: nil
            }
        }
        return listed + patterns + snapshot.unservedModels.map { [$0.name, "not served"] }
    }
}

/// The highest cost of one request, in two parts: the cost per input token, and the cost of the longest output.
private struct CostBound {
    private var input = NanoUSD.zero
    private var longestOutput = NanoUSD.zero

    var perThousandInput: String { input.decimalString }
    var output: String { longestOutput.decimalString }

    /// The bound of a strategy; `nil` when a price is not known.
    init?(_ strategy: Strategy) {
        switch strategy {
        case .route(let rules): self.init(dearest: rules.map { CostBound(sum: $0.action.entries) })
        case .split(let split): self.init(dearest: split.arms.map { CostBound(sum: [$0.entry]) })
        case .fallback, .choose, .balance: self.init(sum: strategy.entries)
        }
    }

    /// The bound of alternatives: each part is the highest of theirs.
    private init?(dearest bounds: [CostBound?]) {
        for bound in bounds {
            guard let bound else { return nil }
            input = max(input, bound.input)
            longestOutput = max(longestOutput, bound.longestOutput)
        }
    }

    /// The bound of attempts that may all be made: the sum of theirs.
    private init?(sum entries: [TargetEntry]) {
        for entry in entries {
            let bound: CostBound?
            switch entry.target {
            case .model(let model): bound = CostBound(model, limit: entry.maxOutputTokens)
            case .virtual(let model): bound = CostBound(model.strategy)
            case .off: bound = nil
            }
            guard let bound else { return nil }
            input = input + bound.input
            longestOutput = longestOutput + bound.longestOutput
        }
    }

    private init?(_ model: ModelEntry, limit: Int64?) {
        guard
            let input = WorstCase(of: model, Self.request(input: 1000, output: 1), limit: nil).cost,
            let least = WorstCase(of: model, Self.request(input: 0, output: 1), limit: nil).cost,
            let full = WorstCase(of: model, Self.request(input: 0, output: nil), limit: limit).cost
        else { return nil }
        self.input = input - least
        longestOutput = full
    }

    private static func request(input: Int, output: Int64?) -> RequestFeatures {
        var features = RequestFeatures(requestedModels: [])
        features.facts.inputTokens.upperBound = input
        features.facts.maxOutputTokens = output
        return features
    }
}
