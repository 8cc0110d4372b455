internal import Chat
public import Ledger
public import Policies

extension Spending {
    /// What to set aside before a call is made.
    public init(_ planned: PlannedCall, isStream: Bool) { self = CallCover.first(planned, isStream: isStream) }
}

/// How a call is covered: whole answers at their worst case, streams step by step, so that a long `max_tokens` does not lock away what nobody
/// will spend. A stream that may think unseen is like a whole answer: what it has used shows at its end.
enum CallCover {
    /// Output tokens of each choice that a stream is covered for at a time.
    static let step: Int64 = 1_024

    /// What to set aside before a call is made.
    static func first(_ planned: PlannedCall, isStream: Bool) -> Spending {
        spending(planned, output: isStream ? firstStretch(planned) : planned.extent.output)
    }

    /// Output tokens of each choice that a stream is covered for from the beginning: all, where it may bill what it does not show.
    static func firstStretch(_ planned: PlannedCall) -> Int64 {
        planned.thinksUnseen ? planned.extent.output : min(step, planned.extent.output)
    }

    /// What `output` tokens of each choice cost at most, with all of the input.
    static func spending(_ planned: PlannedCall, output: Int64) -> Spending {
        Spending(
            usd: planned.extent.cost(output: output, at: planned.model.pricing) ?? .zero, tokens: planned.extent.tokens(output: output))
    }
}

/// The cover of a stream that goes on.
struct StreamCover {
    private let planned: PlannedCall
    /// Output tokens of each choice that are covered.
    private var output: Int64
    /// What is set aside in all.
    private(set) var amount: Spending

    init(_ planned: PlannedCall, amount: Spending) {
        self.planned = planned
        self.amount = amount
        output = CallCover.firstStretch(planned)
    }

    /// More that must be set aside before `tokens` of output have come; `nil` while the cover is enough.
    func missing(for tokens: Int64) -> Spending? {
        guard output < planned.extent.output, tokens >= output * planned.extent.choices - CallCover.step / 4 else { return nil }
        let before = CallCover.spending(planned, output: output)
        let after = CallCover.spending(planned, output: nextOutput)
        return Spending(usd: max(.zero, after.usd - before.usd), tokens: max(0, after.tokens - before.tokens))
    }

    private var nextOutput: Int64 { min(output + CallCover.step, planned.extent.output) }

    /// Takes note that what was missing is set aside.
    mutating func note(_ more: Spending) {
        amount = amount + more
        output = nextOutput
    }
}
