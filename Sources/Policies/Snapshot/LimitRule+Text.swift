internal import Chat
internal import Core

extension LimitRule {
    /// The limit in the words of the policy: `usd 50 per day`, `concurrent 32`.
    var terms: String {
        let number: String =
            switch amount {
            case .usd(let usd): usd.decimalString
            case .tokens(let count), .requests(let count): String(count)
            case .concurrent(let count): String(count)
            }
        return "\(amount.kind.name) \(number)" + (period.map { " per \($0.name)" } ?? "")
    }

    /// The other settings of the limit. The address of a webhook is left out: it is a secret.
    var remarks: String {
        let parts = [
            models.map { "models \($0.joined(separator: ", "))" }, soft ? "soft" : nil, webhook != nil ? "tells a webhook" : nil,
            wait.map { "waits up to \(DurationSyntax.text($0))" },
        ]
        return parts.compactMap(\.self).joined(separator: "; ")
    }
}
