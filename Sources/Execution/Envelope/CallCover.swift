internal import Chat
internal import Core
internal import Ledger
public import Limits
public import Policies

extension Spending {
    /// What to reserve before a call: its highest cost. Less would do for most streams, but a provider may send faster than the gateway
    /// counts, and bill output that it does not show (reasoning).
    public init(_ planned: PlannedCall) {
        self.init(planned, output: planned.extent.output)
    }

    fileprivate init(_ planned: PlannedCall, output: Int64) {
        self.init(
            usd: planned.extent.cost(output: output, at: planned.model.pricing) ?? .zero, tokens: planned.extent.tokens(output: output))
    }
}

extension PlannedCall {
    /// The output tokens of all choices together, at most.
    var allOutput: Int64 { extent.tokens - extent.input }

    /// The most that the call can cost and use with `output` tokens of all choices together.
    func bound(output: Int64) -> Spending {
        // Rounded up to whole choices, but not beyond what was reserved.
        let each = min(extent.output, (output + extent.choices - 1) / extent.choices)
        return Spending(self, output: each)
    }
    /// The call with no more output than the limits have room for, so that with little left answers get shorter before they are refused.
    ///
    /// A whole answer may wait for what others hold, for they will soon give it back. Streams last: of what others have left over, one takes a
    /// quarter at most, so that it does not keep all others waiting; what it needs at least it waits for.
    public func clamped(to headroom: Headroom, isStream: Bool) -> PlannedCall {
        let call = clamped(usd: headroom.usd.map { NanoUSD(nanos: $0.unspent) }, tokens: headroom.tokens?.unspent)
        guard isStream else { return call }
        let least = Spending(call, output: min(call.extent.output, thinksUnseen ? Self.leastThinkingStream : Self.leastStream))
        return call.clamped(
            usd: headroom.usd.map { NanoUSD(nanos: $0.shareOfOne(atLeast: least.usd.nanos)) },
            tokens: headroom.tokens?.shareOfOne(atLeast: least.tokens))
    }

    /// Output tokens of each choice that no stream goes below for the sake of others: more than most answers have.
    private static let leastStream: Int64 = 1_024
    /// The same where thinking comes first.
    private static let leastThinkingStream: Int64 = 16_384
}

extension Headroom.Tightest {
    /// What one stream may reserve: everything, if no other request holds any of it.
    fileprivate func shareOfOne(atLeast least: Int64) -> Int64 { left >= unspent ? unspent : max(least, left / 4) }
}
