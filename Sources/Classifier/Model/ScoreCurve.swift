/// A strictly rising curve from any score to 0…1, given by points.
struct ScoreCurve: Sendable {
    private static let pointLimit = 256

    private(set) var scores: [Float]
    private(set) var shares: [Float]

    init(_ reader: inout ModelReader) throws(ClassifierModelError) {
        let count = Int(try reader.uint32())
        guard (2...Self.pointLimit).contains(count) else { throw ClassifierModelError("its curve has too many or too few points") }
        scores = try reader.floats(count)
        shares = try reader.floats(count)
        guard Self.rises(scores), Self.rises(shares), shares[0] > 0, shares[count - 1] < 1 else {
            throw ClassifierModelError("its curve does not rise from 0 to 1")
        }
    }

    /// The curve through the quantiles of `samples`.
    init(quantilesOf samples: [Float], points: Int = 65) {
        let sorted = samples.sorted()
        scores = []
        shares = []
        for point in 1..<points {
            let share = Float(point) / Float(points)
            let score = sorted.isEmpty ? share : sorted[min(sorted.count - 1, Int(share * Float(sorted.count)))]
            if let last = scores.last, score <= last { continue }
            scores.append(score)
            shares.append(share)
        }
        if scores.count == 1 {
            scores.append(scores[0] + 1)
            shares.append((shares[0] + 1) / 2)
        }
    }

    private static func rises(_ values: [Float]) -> Bool { zip(values, values.dropFirst()).allSatisfy { $0 < $1 } }

    /// The share of a score. Beyond the outermost points it approaches 0 and 1 without reaching them, so that different scores stay
    /// different.
    func share(of score: Float) -> Double {
        let last = scores.count - 1
        let score = Double(score)
        if score <= Double(scores[0]) {
            return Double(shares[0]) / (1 + (Double(scores[0]) - score) / width)
        }
        if score >= Double(scores[last]) {
            return 1 - (1 - Double(shares[last])) / (1 + (score - Double(scores[last])) / width)
        }
        var low = 0
        var high = last
        while high - low > 1 {
            let middle = (low + high) / 2
            if Double(scores[middle]) <= score { low = middle } else { high = middle }
        }
        let part = (score - Double(scores[low])) / (Double(scores[high]) - Double(scores[low]))
        return Double(shares[low]) + part * (Double(shares[high]) - Double(shares[low]))
    }

    /// The width of the curve, by which its ends are scaled.
    private var width: Double { Double(scores[scores.count - 1]) - Double(scores[0]) }
}
