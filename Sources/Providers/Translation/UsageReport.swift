internal import Chat
internal import Core

/// A count in a provider's usage, as it stands there.
enum UsageCount {
    /// Not there, or null.
    case absent
    /// A count that can be true.
    case count(Int64)
    /// Something else; `atLeast` is the number that it seems to mean, if that can be true.
    case doubtful(atLeast: Int64?)

    init(_ value: JSONValue?) {
        guard let value, !value.isNull else {
            self = .absent
            return
        }
        // Some servers write whole numbers as `10.0`.
        if let count = value.int64 ?? value.double.flatMap(Int64.init(exactly:)), TokenUsage.plausible.contains(count) {
            self = .count(count)
        } else {
            let number = value.double ?? value.string.flatMap(Double.init)
            let isPossible = number.map { $0.isFinite && $0 >= 0 && $0 <= Double(TokenUsage.plausible.upperBound) } ?? false
            self = .doubtful(atLeast: isPossible ? number.map { Int64($0.rounded(.up)) } : nil)
        }
    }

    var isDoubtful: Bool { if case .doubtful = self { true } else { false } }
    var isAbsent: Bool { if case .absent = self { true } else { false } }

    /// The number, believed or not.
    var number: Int64? {
        switch self {
        case .absent: nil
        case .count(let count): count
        case .doubtful(let count): count
        }
    }
}

/// What a provider says of the tokens of a call: believed as a whole, or only as a lower bound.
///
/// A report is believed when every count in it can be true, no part is more than its whole, and the total is the sum of its parts or differs from it
/// by exactly the reasoning or the cached input that was counted beside them. Of any other report each count is a lower bound of what is
/// estimated: a doubtful report makes no call cheaper.
struct UsageReport: Sendable {
    /// The tokens, if the report is believed.
    private(set) var believed: TokenUsage?
    /// The least that the report says.
    private(set) var atLeast: TokenUsage

    /// The counts of a report, each in the sense that `TokenUsage` has, as far as the provider's dialect allows.
    struct Counts {
        var input = UsageCount.absent
        var output = UsageCount.absent
        var total = UsageCount.absent
        var cached = UsageCount.absent
        var written = UsageCount.absent
        var reasoning = UsageCount.absent
    }

    init(_ counts: Counts) {
        let all = [counts.input, counts.output, counts.total, counts.cached, counts.written, counts.reasoning]
        var isDoubtful = all.contains { $0.isDoubtful } || counts.input.isAbsent || counts.output.isAbsent
        var (input, output) = (counts.input.number ?? 0, counts.output.number ?? 0)
        let (cached, written, reasoning) = (counts.cached.number ?? 0, counts.written.number ?? 0, counts.reasoning.number ?? 0)
        // Servers that do not add up say 0.
        if let total = counts.total.number, total > 0 {
            let rest = total - input - output
            if rest > 0, counts.input.isAbsent, !counts.output.isAbsent {
                input += rest
            } else if rest > 0, rest == reasoning {
                output += rest
            } else if rest > 0, rest == cached + written, rest > input {
                input += rest
            } else if rest > 0 {
                // Nothing explains the rest: hidden reasoning is the usual reason, and output costs most.
                output += rest
                isDoubtful = true
            } else if rest < 0 {
                isDoubtful = true
            }
        }
        // No answer is made of nothing: such reports are made before anything was counted.
        if input == 0 { isDoubtful = true }
        if cached + written > input {
            input += cached + written
            isDoubtful = true
        }
        if reasoning > output {
            output += reasoning
            isDoubtful = true
        }
        atLeast = TokenUsage(input: input, cacheWrite: written, output: output, reasoning: reasoning)
        let tokens = TokenUsage(input: input, cachedInput: cached, cacheWrite: written, output: output, reasoning: reasoning)
        if !atLeast.isPlausible { atLeast = TokenUsage() }
        believed = isDoubtful || !tokens.isPlausible ? nil : tokens
    }

    /// Takes in how much of the input and of the output is sound.
    mutating func addSound(input heard: Int64, output spoken: Int64) {
        guard var tokens = believed else { return }
        tokens.addSound(input: heard, output: spoken)
        believed = tokens.isPlausible ? tokens : nil
        atLeast.addSound(input: heard, output: spoken)
        if !atLeast.isPlausible { atLeast = TokenUsage() }
    }

    /// Takes in the provider's word of the tier that served the call.
    mutating func note(tier word: JSONValue?) {
        guard let word = word?.string else { return }
        believed?.tier = ServiceTier(servedAs: word)
        atLeast.tier = ServiceTier(servedAs: word)
    }
}

extension TokenUsage {
    /// The larger counts of two lower bounds.
    func union(_ other: TokenUsage) -> TokenUsage {
        var union = self
        union.input = max(input, other.input)
        union.cacheWrite = max(cacheWrite, other.cacheWrite)
        union.output = max(output, other.output)
        union.reasoning = max(reasoning, other.reasoning)
        if other.tier != .standard { union.tier = other.tier }
        return union
    }
}
