internal import Core
public import Limits

extension Spending {
    /// What a record of a call without a hold counts for in the ledger.
    public init(_ record: UsageRecord) {
        self.init(
            usd: record.cost + record.inDoubt,
            tokens: record.tokens.input.addingSaturated(record.tokens.output).addingSaturated(record.inDoubtTokens), requests: 1)
    }
}
