/// How well a score selects the prompts for the strong model.
public enum RoutingQuality {
    /// The average performance gap recovered (RouteLLM, arXiv 2406.18665): the area under PGR = (router − weak) / (strong − weak) over the share of
    /// strong calls, by trapezoids through the ten-quantiles of the scores. About .5 for a random router; `nil` when strong gains nothing.
    /// - Precondition: the three have the same count.
    public static func apgr(scores: [Double], weak: [Double], strong: [Double]) -> Double? {
        let count = scores.count
        let weakSum = weak.reduce(0, +)
        let gap = strong.reduce(0, +) - weakSum
        guard count > 0, gap > 0 else { return nil }
        // Equal scores keep the order of the rows.
        let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
        var area = 0.0
        var last = (share: 0.0, recovered: 0.0)
        var recovered = 0.0
        var taken = 0
        for tenth in 1...10 {
            let end = count * tenth / 10
            while taken < end {
                recovered += strong[order[taken]] - weak[order[taken]]
                taken += 1
            }
            let point = (share: Double(taken) / Double(count), recovered: recovered / gap)
            area += (point.share - last.share) * (point.recovered + last.recovered) / 2
            last = point
        }
        return area
    }
}
