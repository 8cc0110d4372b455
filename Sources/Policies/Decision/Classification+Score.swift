internal import Chat
internal import Classifier

extension Classification {
    /// The score to four decimal places, as a decimal that is written exactly.
    var scoreInBillionths: NanoUSD {
        guard complexityScore.isFinite else { return .zero }
        return NanoUSD(nanos: Int64((min(max(complexityScore, 0), 1) * 10_000).rounded()) * 100_000)
    }
}
