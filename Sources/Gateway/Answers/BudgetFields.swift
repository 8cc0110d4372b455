internal import Execution
internal import Policies
internal import Chat
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

/// What an answer tells of the limits that bind its request: the tightest of each kind.
extension HeldCall {
    func appendBudgetFields(to fields: inout HTTPResponseHead) {
        guard run.envelope != nil, let model = decided.trace.model else { return }
        let now = WallTime.now
        let limits = decided.admitted.principal.limits(in: incoming.loop.gateway.budgets)
        let headroom = limits.headroom(for: decided.scopes, model: model, at: now)
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

    /// How every limit stands that binds the request, as a JSON list.
    var budgetJSON: [UInt8] {
        var json: [UInt8] = []
        json.append("[")
        guard let model = decided.trace.model else { return Array("[]".utf8) }
        let limits = decided.admitted.principal.limits(in: incoming.loop.gateway.budgets)
        for (index, state) in limits.states(for: decided.scopes, model: model, at: .now).enumerated() {
            if index > 0 { json.append(",") }
            json.append(contentsOf: BudgetReport.json(state).utf8)
        }
        json.append("]")
        return json
    }
}

extension WallTime {
    /// The time from `now` as OpenAI writes it: `6m0s`, `350ms`.
    fileprivate func distance(from now: WallTime) -> String {
        let milliseconds = max(0, microseconds - now.microseconds) / 1_000
        if milliseconds < 1_000 { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1_000
        let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60)
        return (hours > 0 ? "\(hours)h" : "") + (seconds >= 60 ? "\(minutes)m" : "") + "\(rest)s"
    }
}
