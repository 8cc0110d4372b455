public import Chat

extension PolicySnapshot {
    /// The costly features that a decision for these names needs. One lookup per name; unknown names need none.
    public func needs(_ facts: RequestFacts) -> FeatureNeeds {
        var needs: FeatureNeeds = []
        for entry in facts.models { if case .virtual(let model) = resolve(entry.name) { needs.formUnion(model.needs) } }
        return needs
    }

    /// Decides what to do for a request: a pure function of the policies, the features and the state.
    ///
    /// Several requested names are a fallback order. An unknown or forbidden name is an error wherever it stands in the list.
    /// - Parameters:
    ///   - features: the facts about the request.
    ///   - allowed: which models the caller may name. A virtual model that is allowed may decide for models that are not.
    ///   - state: what is known of the targets.
    /// - Throws: `model_not_found` with the nearest name, `model_not_allowed`, `invalid_request_error` when no candidate can take the
    ///   request or no rule holds, `max_cost_exceeded`, `no_healthy_upstream`; each with the trace of what was considered.
    public func decide(
        _ features: RequestFeatures, allowed: some ModelAccess, state: some TargetState
    ) throws(DecisionFailure) -> Decision {
        let decision = try decideModels(features, allowed, state)
        let names = features.facts.mcpServers + decision.trace.attached
        if names.isEmpty { return decision }
        do throws(GatewayError) { return decision.with(try toolUse(names, features)) } catch {
            throw DecisionFailure(error: error, trace: decision.trace)
        }
    }

    private func decideModels(
        _ features: RequestFeatures, _ allowed: some ModelAccess, _ state: some TargetState
    ) throws(DecisionFailure) -> Decision {
        var models: [NamedModel] = []
        if let only = features.facts.models.first, features.facts.models.count == 1 {
            let model = try named(only.name, features, allowed)
            if case .provider(let entry) = model { return try decideDirectly(entry, features, state) }
            models = [model]
        } else {
            for entry in features.facts.models { models.append(try named(entry.name, features, allowed)) }
        }
        var decider = Decider(features, state: state, clamps: false)
        var plan = decider.plan(models)
        if plan == nil, decider.couldClamp {
            decider = Decider(features, state: state, clamps: true)
            plan = decider.plan(models)
        }
        if plan == nil, decider.lacksOnlyAvailability {
            decider = Decider(features, state: state, clamps: decider.couldClamp, plansUnavailable: true)
            plan = decider.plan(models)
        }
        let trace = DecisionTrace(features, route: Self.route(models), decider, model: plan?.firstCall?.model.name)
        guard let plan else { throw DecisionFailure(error: .noCandidate(trace, models, features), trace: trace) }
        return Decision(plan, trace, features)
    }

    /// The decision for one provider model that was requested by name: the fast path, without a trace of alternatives.
    private func decideDirectly(
        _ model: ModelEntry, _ features: RequestFeatures, _ state: some TargetState
    ) throws(DecisionFailure) -> Decision {
        let terms = CallTerms(settings: features.facts.models.first?.settings)
        var decider = Decider(features, state: state, clamps: model.overCeiling == .clamp, plansUnavailable: true)
        let plan = decider.plan(model, terms)
        let trace = DecisionTrace(features, route: DecisionTrace.direct, decider, model: plan == nil ? nil : model.name)
        guard let plan else { throw DecisionFailure(error: .noCandidate(trace, [.provider(model)], features), trace: trace) }
        return Decision(plan, trace, features)
    }

    /// The servers of those names, each once, for a caller that may use them.
    private func toolUse(_ names: [String], _ features: RequestFeatures) throws(GatewayError) -> ToolUse {
        guard features.facts.choices == 1 else {
            throw GatewayError(.invalidRequest, "With mcp_servers a request has one choice: leave 'n' out.", param: "n")
        }
        var servers: [MCPServerEntry] = []
        for name in names {
            let server = try mcpServer(named: name, for: features.team)
            if !servers.contains(where: { $0.name == server.name }) { servers.append(server) }
        }
        return ToolUse(servers: servers, mostTurns: features.facts.maxTurns ?? ToolUse.defaultTurns)
    }

    /// The MCP server of that name, for a team that may use it.
    /// - Throws: `mcp_server_not_found` with the nearest name, `mcp_server_not_allowed`, or `no_healthy_upstream` when it is off.
    public func mcpServer(named name: String, for team: String?) throws(GatewayError) -> MCPServerEntry {
        // Dedalus' slugs may have a version.
        let plain = name.prefix { $0 != "@" }
        guard let server = mcpServers.first(where: { $0.name == name || $0.name == plain }) else { throw noServer(name) }
        guard server.allows(team: team) else {
            throw GatewayError(.mcpServerNotAllowed, "This key may not use the MCP server \(server.name).", param: "mcp_servers")
        }
        return server
    }

    private func noServer(_ name: String) -> GatewayError {
        if let off = offMCPServers.first(where: { $0.name == name }) {
            return GatewayError(
                .noHealthyUpstream, "The MCP server \(off.name) is off: \(off.reason).", source: .gateway, param: "mcp_servers")
        }
        let hint = EditDistance.nearest(to: name, among: mcpServers.map(\.name)).map { " Did you mean \($0)?" } ?? ""
        return GatewayError(.mcpServerNotFound, "There is no MCP server \"\(name.prefix(120))\".\(hint)", param: "mcp_servers")
    }

    private func named(_ name: String, _ features: RequestFeatures, _ allowed: some ModelAccess) throws(DecisionFailure) -> NamedModel {
        do throws(GatewayError) {
            return try model(named: name, for: allowed)
        } catch {
            throw DecisionFailure(error: error, trace: DecisionTrace(features))
        }
    }

    /// The model that a requested name stands for.
    /// - Throws: `model_not_found` with the nearest name, `model_not_allowed`, or `no_healthy_upstream` when its provider is off.
    public func model(named name: String, for allowed: some ModelAccess) throws(GatewayError) -> NamedModel {
        let model: NamedModel
        switch resolve(name) {
        case .model(let entry): model = .provider(entry)
        case .virtual(let entry): model = .virtual(entry)
        case .off(let name, let reason):
            throw GatewayError(.noHealthyUpstream, "The model \(name) is not served: \(reason).", source: .gateway, param: "model")
        case .unknown(let nearest):
            let hint = nearest.map { " Did you mean \($0)?" } ?? ""
            throw GatewayError(.modelNotFound, "There is no model \"\(name.prefix(120))\".\(hint)", param: "model")
        }
        guard allowed.allows(model) else {
            throw GatewayError(.modelNotAllowed, "This key may not use the model \(model.name).", param: "model")
        }
        if case .provider(let entry) = model, let reason = entry.unservedReason {
            throw GatewayError(.modelNotFound, reason, param: "model")
        }
        return model
    }

    private static func route(_ models: [NamedModel]) -> String {
        for case .virtual(let model) in models { return model.name }
        return DecisionTrace.direct
    }
}

extension Decider {
    /// A fallback order over names.
    fileprivate mutating func plan(_ models: [NamedModel]) -> Plan? {
        var plans: [Plan] = []
        for (position, model) in models.enumerated() {
            let terms = CallTerms(settings: features.facts.models[position].settings)
            let plan: Plan? =
                switch model {
                case .provider(let entry): self.plan(entry, terms)
                case .virtual(let entry): self.plan(entry, terms, isOutermost: models.count == 1)
                }
            if let plan { plans.append(plan) }
        }
        return Self.combined(plans, hedge: nil)
    }
}

extension GatewayError.Code {
    /// 404: no MCP server of that name.
    public static let mcpServerNotFound = Self("mcp_server_not_found", 404, "invalid_request_error")
    /// 403: the key may not use this MCP server.
    public static let mcpServerNotAllowed = Self("mcp_server_not_allowed", 403, "permission_error")
}

extension Decision {
    /// The same with tools at hand.
    fileprivate func with(_ use: ToolUse) -> Decision {
        let plan = Plan.tools(plan, use)
        return Decision(plan: plan, trace: trace, worstCase: plan.worstCase.map { min($0, trace.facts.maxCost ?? $0) })
    }

    fileprivate init(_ plan: Plan, _ trace: DecisionTrace, _ features: RequestFeatures) {
        self.plan = plan
        self.trace = trace
        worstCase = plan.worstCase.map { min($0, features.facts.maxCost ?? $0) }
    }
}

extension DecisionTrace {
    /// A trace without candidates.
    fileprivate init(_ features: RequestFeatures) {
        self.init(features, route: Self.direct, candidates: [], rule: nil, attached: [], assignment: nil, model: nil)
    }

    fileprivate init(_ features: RequestFeatures, route: String, _ decider: Decider<some TargetState>, model: String?) {
        self.init(
            features, route: route, candidates: decider.candidates, rule: decider.rule, attached: decider.attached,
            assignment: decider.assignment,
            model: model)
    }

    private init(
        _ features: RequestFeatures, route: String, candidates: [Candidate], rule: String?, attached: [String],
        assignment: (experiment: String, arm: String, by: String?)?, model: String?
    ) {
        self.route = route
        self.rule = rule
        self.attached = attached
        self.model = model
        facts = features.facts
        classification = features.classification
        experiment = assignment?.experiment
        arm = assignment?.arm
        assignedBy = assignment?.by
        self.candidates = candidates
    }
}
