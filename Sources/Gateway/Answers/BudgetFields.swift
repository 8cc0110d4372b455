internal import Core
internal import Execution
internal import Limits
internal import Policies
internal import Chat
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension DecodedRequest {
    /// The scopes whose limits apply to the request.
    var scopes: RequestScopes { RequestScopes(team: principal.team, key: principal.keyID, user: request.facts.user) }

    /// The state of the limits that apply to calls to `model`: the tightest of each kind.
    /// - Parameter need: the amount that was refused; `nil` in answers.
    func appendBudgetFields(model: String, asking need: Spending? = nil, to fields: inout HTTPResponseHead) {
        let now = WallTime.now
        let headroom = limits.headroom(for: scopes, model: model, at: now, asking: need)
        if let usd = headroom.usd { fields.appendField("x-purser-budget-left-usd", value: NanoUSD(nanos: usd.left).decimalString) }
        if let requests = headroom.requests {
            fields.appendField("x-ratelimit-limit-requests", value: Int(clamping: requests.limit))
            fields.appendField("x-ratelimit-remaining-requests", value: Int(clamping: requests.left))
            if let reset = requests.resets { fields.appendField("x-ratelimit-reset-requests", value: reset.distance(from: now)) }
        }
        if let tokens = headroom.tokens {
            fields.appendField("x-ratelimit-limit-tokens", value: Int(clamping: tokens.limit))
            fields.appendField("x-ratelimit-remaining-tokens", value: Int(clamping: tokens.left))
            if let reset = tokens.resets { fields.appendField("x-ratelimit-reset-tokens", value: reset.distance(from: now)) }
        }
    }

    /// Answers with an error; if a limit or the request's ceiling is the reason, with the state of the limits.
    /// - Parameters:
    ///   - decided: the decision, if it came to one.
    ///   - held: what came after it, if anything did.
    func answer(_ error: GatewayError, _ decided: DecidedRequest?, _ held: ReservedRequest?) {
        incoming.answer(error) { fields in
            guard error.isRefusalByLimit, incoming.policies.snapshot.hasLimits else { return }
            // A call other than the first may have been refused, by limits that do not apply to the first.
            let refusals = (held?.run.refusals ?? []) + (decided?.refusals ?? [])
            let refusal = refusals.first { $0.error.publicMessage == error.publicMessage }
            let model = refusal?.origin.model.name ?? held?.run.attempts.last?.model.name ?? decided?.plan.firstCall?.model.name
            // Limits on all models apply even to a request whose model is not known.
            appendBudgetFields(model: model ?? "", asking: refusal?.need, to: &fields)
        }
    }
}

extension GatewayError {
    /// Whether a limit of the organization, or the request's `max_cost`, refused it. A provider's rate limit does not count.
    fileprivate var isRefusalByLimit: Bool {
        self.source != .upstream && [.budgetExceeded, .rateLimitExceeded, .maxCostExceeded].contains(self.code)
    }
}

extension ReservedRequest {
    /// Appends the state of the limits that apply to the request.
    func appendBudgetFields(to fields: inout HTTPResponseHead) {
        guard run.envelope != nil, let model = decided.trace.model else { return }
        decided.admitted.appendBudgetFields(model: model, to: &fields)
    }

    /// The state of every limit that applies to the request, as a JSON list.
    var budgetJSON: [UInt8] {
        var json: [UInt8] = []
        json.append("[")
        guard let model = decided.trace.model else { return Array("[]".utf8) }
        let limits = decided.admitted.limits
        for (index, state) in limits.states(for: decided.admitted.scopes, model: model, at: .now).enumerated() {
            if index > 0 { json.append(",") }
            json.append(contentsOf: BudgetReport.json(state).utf8)
        }
        json.append("]")
        return json
    }
}

extension WallTime {
    /// The time from `now` as OpenAI writes it: `6m0s`, `350ms`. Rounded up, so that a retry after it is not too early.
    func distance(from now: WallTime) -> String {
        let milliseconds = (max(0, microseconds - now.microseconds) + 999) / 1_000
        if milliseconds < 1_000 { return "\(milliseconds)ms" }
        let seconds = (milliseconds + 999) / 1_000
        let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60)
        return (hours > 0 ? "\(hours)h" : "") + (seconds >= 60 ? "\(minutes)m" : "") + "\(rest)s"
    }
}
