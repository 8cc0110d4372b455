internal import Chat
internal import Core

extension GatewayError {
    /// The error when no candidate of `trace` can be called. It says what the client can do about it.
    static func noCandidate(_ trace: DecisionTrace, _ models: [NamedModel], _ features: RequestFeatures) -> GatewayError {
        guard !trace.candidates.isEmpty else { return noRule(models) }
        let kinds = trace.candidates.compactMap(\.exclusion?.kind)
        // If a candidate is excluded only because it is unavailable, the error says so: the same request may succeed later.
        if kinds.contains(.unavailable) { return unavailable(trace) }
        return kinds.contains(.ceiling) ? ceiling(trace, features) : unfit(trace, features)
    }

    private static func noRule(_ models: [NamedModel]) -> GatewayError {
        let name = models.first?.name ?? ""
        return GatewayError(
            .invalidRequest,
            "No rule of the model \(name) fits this request, and it has none for all others. Ask for another model, or have a last rule "
                + "without conditions added to the policy.", param: "model")
    }

    private static func unavailable(_ trace: DecisionTrace) -> GatewayError {
        GatewayError(
            .noHealthyUpstream, "No model can be called at the moment: \(reasons(trace)).", source: .gateway, retry: .nextTarget,
            param: "model")
    }

    private static func unfit(_ trace: DecisionTrace, _ features: RequestFeatures) -> GatewayError {
        GatewayError(.invalidRequest, "No model can take this request: \(reasons(trace)).", param: "model")
    }

    private static func ceiling(_ trace: DecisionTrace, _ features: RequestFeatures) -> GatewayError {
        var cheapest: (model: String, needs: NanoUSD)?
        for candidate in trace.candidates {
            guard case .overCeiling(let needs, _)? = candidate.exclusion, needs < cheapest?.needs ?? NanoUSD(nanos: .max) else { continue }
            cheapest = (candidate.model, needs)
        }
        let ceiling = (features.facts.maxCost ?? .zero).decimalString
        guard let cheapest else {
            return GatewayError(
                .maxCostExceeded, "max_cost of \(ceiling) USD cannot be kept: \(reasons(trace)).", param: "max_cost")
        }
        return GatewayError(
            .maxCostExceeded,
            "max_cost of \(ceiling) USD is too little. The cheapest model that would do, \(cheapest.model), may cost up to "
                + "\(cheapest.needs.decimalString) USD; raise max_cost to that, or set a lower max_tokens.", param: "max_cost")
    }

    private static func reasons(_ trace: DecisionTrace) -> String {
        trace.candidates.prefix(8).compactMap { candidate in candidate.excludedBecause.map { "\(candidate.model): \($0)" } }
            .joined(separator: "; ")
    }
}
