/// How many letters must be changed, inserted, dropped or swapped with their neighbour to turn one word into another.
enum EditDistance {
    /// The distance, `nil` when it is more than `limit`. Takes time proportional to the lengths only where the words are that close.
    static func between(_ a: some StringProtocol, _ b: some StringProtocol, atMost limit: Int) -> Int? {
        between(Array(a.utf8), Array(b.utf8), atMost: limit)
    }

    private static func between(_ a: [UInt8], _ b: [UInt8], atMost limit: Int) -> Int? {
        guard abs(a.count - b.count) <= limit else { return nil }
        if a == b { return 0 }
        // Three rows of the usual table; only cells within `limit` of the diagonal can stay within the limit.
        let far = limit + 1
        var beforePrevious = [Int](repeating: far, count: b.count + 1)
        var previous = (0...b.count).map { min($0, far) }
        var row = beforePrevious
        for i in a.indices {
            for j in row.indices { row[j] = far }
            row[0] = min(i + 1, far)
            let low = max(0, i - limit)
            let high = min(b.count, i + limit + 1)
            for j in low..<max(low, high) {
                var distance = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, beforePrevious[j - 1] + 1) }
                row[j + 1] = min(distance, far)
            }
            // A swap reaches two rows back, so one hopeless row is not yet the end.
            if row.allSatisfy({ $0 >= far }), previous.allSatisfy({ $0 >= far }) { return nil }
            (beforePrevious, previous, row) = (previous, row, beforePrevious)
        }
        return previous[b.count] <= limit ? previous[b.count] : nil
    }

    /// The candidate that is nearest to `word`; see ``Candidates/nearest(to:)``.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        Candidates(candidates).nearest(to: word)
    }

    /// Names that may have been meant, prepared for being compared with many words.
    struct Candidates: Sendable {
        private let names: [(text: String, folded: [UInt8])]

        init(_ names: some Sequence<String>) {
            self.names = names.sorted().map { ($0, Array($0.lowercased().utf8)) }
        }

        /// The name that is nearest to `word`, upper and lower case being equal (the first in alphabetical order among several), else the
        /// first that begins with it; `nil` when none is near enough to have been meant.
        func nearest(to word: String) -> String? {
            // For a word of two letters a hint would differ in half of it; no hint is better.
            guard (3...PolicyLimits.nameBytes).contains(word.utf8.count) else { return nil }
            let target = Array(word.lowercased().utf8)
            var limit = min(4, target.count / 3)
            var nearest: String?
            for (text, folded) in names where limit >= 0 {
                guard let distance = between(target, folded, atMost: limit) else { continue }
                nearest = text
                limit = distance - 1
            }
            return nearest ?? names.first { $0.folded.starts(with: target) }?.text
        }
    }
}
