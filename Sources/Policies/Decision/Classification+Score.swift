internal import Chat
internal import Classifier
internal import Core

extension Classification {
    /// The score rounded to four decimal places, as an exact decimal.
    var scoreInBillionths: NanoUSD {
        guard complexityScore.isFinite else { return .zero }
        return NanoUSD(nanos: Int64((min(max(complexityScore, 0), 1) * 10_000).rounded()) * 100_000)
    }
}
