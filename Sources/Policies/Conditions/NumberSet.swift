internal import Chat
internal import Core

/// A set of numbers, each in billionths, as intervals in ascending order that neither touch nor overlap.
struct NumberSet: Sendable, Equatable {
    private var intervals: [ClosedRange<Int64>] = []

    init() {}

    init(_ interval: ClosedRange<Int64>) { intervals = [interval] }

    var isEmpty: Bool { intervals.isEmpty }

    func contains(_ number: Int64) -> Bool { intervals.contains { $0.contains(number) } }

    func intersection(_ range: ClosedRange<Int64>) -> NumberSet { intersection(NumberSet(range)) }

    func intersection(_ other: NumberSet) -> NumberSet {
        var result = NumberSet()
        for a in intervals {
            for b in other.intervals {
                let (low, high) = (max(a.lowerBound, b.lowerBound), min(a.upperBound, b.upperBound))
                if low <= high { result.intervals.append(low...high) }
            }
        }
        return result
    }

    mutating func formUnion(_ other: NumberSet) {
        var merged: [ClosedRange<Int64>] = []
        for interval in (intervals + other.intervals).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            // Adjacent intervals are merged: the numbers are whole billionths.
            if let last = merged.last, last.upperBound == .max || interval.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, interval.upperBound)
            } else {
                merged.append(interval)
            }
        }
        intervals = merged
    }

    func isSubset(of other: NumberSet) -> Bool {
        intervals.allSatisfy { own in other.intervals.contains { $0.lowerBound <= own.lowerBound && own.upperBound <= $0.upperBound } }
    }
}

/// How policies write numbers and sets of them: `3`, `">=0.05"`, `">0.2 <=0.5"` (both), `"100..500"`, `"!=0"`.
enum NumberSyntax {
    /// `nil` when the text has none of these forms.
    static func parse(_ text: String) -> NumberSet? {
        let words = text.split(separator: " ")
        guard !words.isEmpty else { return nil }
        var result = NumberSet(Int64.min...Int64.max)
        for word in words {
            guard let set = clause(String(word)) else { return nil }
            result = result.intersection(set)
        }
        return result
    }

    private static func clause(_ word: String) -> NumberSet? {
        for (sign, interval) in signs where word.hasPrefix(sign) {
            guard let number = NanoUSD(decimal: word.dropFirst(sign.count)) else { return nil }
            return interval(number.nanos)
        }
        if let number = NanoUSD(decimal: word) { return NumberSet(number.nanos...number.nanos) }
        for separator in ["..", "-"] {
            guard let gap = word.firstRange(of: separator) else { continue }
            guard let low = NanoUSD(decimal: word[..<gap.lowerBound]), let high = NanoUSD(decimal: word[gap.upperBound...]) else {
                continue
            }
            return low <= high ? NumberSet(low.nanos...high.nanos) : NumberSet()
        }
        return nil
    }

    /// Longer signs come first. Above the largest number, and below the smallest, the set is empty.
    private static let signs: [(String, @Sendable (Int64) -> NumberSet)] = [
        (">=", { NumberSet($0...Int64.max) }),
        ("<=", { NumberSet(Int64.min...$0) }),
        (
            "!=",
            { number in
                var set = below(number)
                set.formUnion(above(number))
                return set
            }
        ),
        ("==", { NumberSet($0...$0) }),
        ("=", { NumberSet($0...$0) }),
        (">", above),
        ("<", below),
    ]

    @Sendable private static func above(_ number: Int64) -> NumberSet { number == .max ? NumberSet() : NumberSet(number + 1...Int64.max) }

    @Sendable private static func below(_ number: Int64) -> NumberSet { number == .min ? NumberSet() : NumberSet(Int64.min...number - 1) }
}
