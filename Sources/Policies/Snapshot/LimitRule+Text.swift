internal import Chat

extension LimitRule {
    /// What it allows, in the words of the policy: `usd 50 per day`, `concurrent 32`.
    var terms: String {
        let number: String =
            switch amount {
            case .usd(let usd): usd.decimalString
            case .tokens(let count), .requests(let count): String(count)
            case .concurrent(let count): String(count)
            }
        return "\(amount.kind.name) \(number)" + (period.map { " per \($0.name)" } ?? "")
    }

    /// What else the policy says about it; the address of a webhook is a secret.
    var remarks: String {
        let parts = [
            models.map { "models \($0.joined(separator: ", "))" }, soft ? "soft" : nil, webhook != nil ? "tells a webhook" : nil,
            wait.map { "waits up to \(DurationSyntax.text($0))" },
        ]
        return parts.compactMap(\.self).joined(separator: "; ")
    }
}
