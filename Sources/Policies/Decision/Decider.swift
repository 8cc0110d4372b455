internal import Chat
internal import Core

/// Makes one decision, and collects the candidates that it considered.
struct Decider<State: TargetState> {
    let features: RequestFeatures
    private let state: State
    /// Whether a candidate that exceeds the ceiling is kept with a lower limit of output.
    private let clamps: Bool
    /// If true, unavailable targets stay in the plan; when no target is available, the run then reports when to retry.
    private let plansUnavailable: Bool
    private(set) var candidates: [DecisionTrace.Candidate] = []
    private(set) var rule: String?
    /// The MCP servers that rules have attached.
    private(set) var attached: [String] = []
    private(set) var assignment: (experiment: String, arm: String, by: String?)?
    /// Whether a candidate that the ceiling excluded would fit with a lower limit of output.
    private(set) var couldClamp = false
    /// Whether some candidate was excluded only because its target is unavailable.
    var lacksOnlyAvailability: Bool { candidates.contains { $0.exclusion?.kind == .unavailable } }

    init(_ features: RequestFeatures, state: State, clamps: Bool, plansUnavailable: Bool = false) {
        self.features = features
        self.plansUnavailable = plansUnavailable
        self.state = state
        self.clamps = clamps
    }

    /// The plan for a virtual model; `nil` when no candidate is left.
    mutating func plan(_ model: VirtualModel, _ terms: CallTerms, isOutermost: Bool) -> Plan? {
        let terms = terms.allowing(model.overCeiling)
        let plans: [Plan]
        switch model.strategy {
        case .route(let rules):
            guard let rule = rules.first(where: { $0.holds(features) }) else { return nil }
            attached += rule.mcpServers
            if self.rule == nil { self.rule = isOutermost ? rule.label : "\(model.name)/\(rule.label)" }
            plans = self.plans(rule.action, terms)
        case .fallback(let entries): plans = self.plans(entries, terms)
        case .choose(let choice): plans = chosen(choice, terms)
        case .split(let split): plans = arm(split, terms).map { [$0] } ?? []
        case .balance(let balance): plans = balanced(balance, terms)
        }
        return Self.combined(plans, hedge: model.hedge.flatMap { covers(plans) ? $0 : nil })
    }

    /// The plan for a provider model; `nil` when it cannot be called.
    mutating func plan(_ model: ModelEntry, _ terms: CallTerms) -> Plan? {
        let terms = terms.allowing(model.overCeiling)
        var bound = WorstCase(of: model, features, limit: terms.maxOutputTokens)
        var exclusion = exclusion(of: model, bound)
        if case .overCeiling(_, let ceiling)? = exclusion, terms.mayClamp, let clamped = bound.clamped(to: ceiling, model, features) {
            couldClamp = true
            if clamps {
                bound = clamped
                exclusion = self.exclusion(of: model, bound)
            }
        }
        // A model that is already in the plan is not tried a second time.
        if exclusion == nil, candidates.contains(where: { $0.exclusion == nil && $0.model == model.name }) { return nil }
        candidates.append(DecisionTrace.Candidate(model: model.name, estimatedCost: bound.cost, exclusion: exclusion))
        guard exclusion == nil else { return nil }
        return .call(PlannedCall(model, terms, bound, features))
    }

    /// Why `model` cannot be called; `nil` if it can. Permanent reasons come before momentary ones.
    private func exclusion(of model: ModelEntry, _ bound: WorstCase) -> Exclusion? {
        if model.pricing == nil { return .noPrice }
        var wanted: ModelCapabilities = []
        if features.facts.hasTools { wanted.insert(.tools) }
        if features.facts.hasImages { wanted.insert(.images) }
        if features.facts.wantsStructuredOutput { wanted.insert(.structuredOutput) }
        let missing = wanted.intersection(model.lacks)
        if !missing.isEmpty { return .cannot(missing) }
        if let window = model.contextWindow {
            let output = Int(clamping: min(features.facts.maxOutputTokens ?? 1, Int64(model.maxOutputTokens ?? window)))
            let tokens = features.facts.inputTokens.estimate.addingReportingOverflow(output)
            if tokens.overflow || tokens.partialValue > window { return .contextTooLong(tokens: tokens.partialValue, window: window) }
        }
        if let ceiling = features.facts.maxCost {
            guard let cost = bound.cost else { return .unknownCost }
            if cost > ceiling { return .overCeiling(needs: cost, ceiling: ceiling) }
        }
        return plansUnavailable || state.isAvailable(model) ? nil : .unavailable
    }

    private mutating func plan(_ entry: TargetEntry, _ terms: CallTerms) -> Plan? {
        let terms = terms.narrowed(by: entry)
        switch entry.target {
        case .model(let model): return plan(model, terms)
        case .virtual(let model): return plan(model, terms, isOutermost: false)
        case .off(let name, let reason):
            candidates.append(DecisionTrace.Candidate(model: name, estimatedCost: nil, exclusion: .off(reason: reason)))
            return nil
        }
    }

    private mutating func plans(_ entries: [TargetEntry], _ terms: CallTerms) -> [Plan] {
        var plans: [Plan] = []
        plans.reserveCapacity(entries.count)
        for entry in entries { if let plan = plan(entry, terms) { plans.append(plan) } }
        return plans
    }

    private mutating func plans(_ action: Rule.Action, _ terms: CallTerms) -> [Plan] {
        switch action {
        case .chain(let entries): plans(entries, terms)
        case .choose(let choice, let fallback): chosen(choice, terms) + plans(fallback, terms)
        }
    }

    /// The plans of the choice, the preferred first; equal ones in the order of the policy. Candidates are recorded in the same order.
    private mutating func chosen(_ choice: Choice, _ terms: CallTerms) -> [Plan] {
        let before = candidates
        candidates = []
        var ranked: [(rank: Double, position: Int, plan: Plan?, candidates: [DecisionTrace.Candidate])] = []
        for (position, entry) in choice.among.enumerated() {
            let plan = plan(entry, terms)
            let rank = plan?.firstCall.map { self.rank($0, choice.preference) } ?? Double.infinity
            ranked.append((rank, position, plan, candidates))
            candidates = []
        }
        ranked.sort { ($0.rank, $0.position) < ($1.rank, $1.position) }
        candidates = before + ranked.flatMap(\.candidates)
        return ranked.compactMap(\.plan)
    }

    /// Lower is better.
    private func rank(_ call: PlannedCall, _ preference: Choice.Preference) -> Double {
        switch preference {
        case .cheapest: call.worstCase.map { Double($0.nanos) } ?? .infinity
        // A target without measurements comes first, or it would never be measured.
        case .fastest: state.latencyMilliseconds(call.model) ?? 0
        case .best: -Double(call.model.quality ?? -1)
        }
    }

    private mutating func balanced(_ balance: Balance, _ terms: CallTerms) -> [Plan] {
        var plans: [Plan] = []
        plans.reserveCapacity(balance.members.count)
        for position in BalanceOrder.order(balance, features, state) {
            if let plan = plan(balance.members[position].entry, terms) { plans.append(plan) }
        }
        return plans
    }

    private mutating func arm(_ split: Split, _ terms: CallTerms) -> Plan? {
        let (arm, by) = split.assign(features)
        if assignment == nil { assignment = (split.experiment, arm.name, by) }
        return plan(arm.entry, terms)
    }

    /// Whether the ceiling covers both calls that a race would have under way at once.
    private func covers(_ plans: [Plan]) -> Bool {
        guard let ceiling = features.facts.maxCost, plans.count > 1 else { return true }
        guard let first = plans[0].worstCase, let second = plans[1].worstCase else { return false }
        return first + second <= ceiling
    }

    /// Combines plans into one; nested chains are flattened.
    static func combined(_ plans: [Plan], hedge: Duration?) -> Plan? {
        guard plans.count > 1 else { return plans.first }
        var chain: [Plan] = []
        chain.reserveCapacity(plans.count)
        var rest = plans[...]
        if let hedge {
            chain.append(.race(Array(rest.prefix(2)), after: hedge))
            rest = rest.dropFirst(2)
        }
        for plan in rest { if case .firstOf(let inner) = plan { chain += inner } else { chain.append(plan) } }
        return chain.count == 1 ? chain.first : .firstOf(chain)
    }
}

/// The settings and bounds that references between the requested name and a model put on the call.
struct CallTerms {
    var timeout: Duration?
    var maxOutputTokens: Int64?
    var settings: [UInt8]?
    var mayClamp = false

    /// Terms with the client's settings for one of the names that it requested.
    init(settings: [UInt8]? = nil) { self.settings = settings }

    /// These terms combined with those of an inner reference: the stricter bounds; of settings, the client's and outer ones override inner
    /// ones.
    func narrowed(by entry: TargetEntry) -> CallTerms {
        var terms = self
        if let timeout = entry.timeout { terms.timeout = min(timeout, terms.timeout ?? timeout) }
        if let limit = entry.maxOutputTokens { terms.maxOutputTokens = min(limit, terms.maxOutputTokens ?? limit) }
        terms.settings = terms.settings ?? entry.settings
        return terms
    }

    func allowing(_ overCeiling: OverCeiling) -> CallTerms {
        guard overCeiling == .clamp, !mayClamp else { return self }
        var terms = self
        terms.mayClamp = true
        return terms
    }
}
