internal import Chat
internal import Core
internal import Ledger
internal import Limits
internal import Policies

/// What a call costs: what the provider reports as final where that is believed; else an estimate, with the rest of what was reserved in doubt. Pure.
struct CallCost {
    /// What has been seen of an answer.
    struct Seen {
        /// Bytes of an answer that is read whole.
        var wholeBytes = 0
        /// Bytes of the text of a stream.
        var textBytes = 0
        /// Events of a stream that carry content.
        var events = 0
        /// Whether it is read as a stream.
        var isStream = false
        /// Whether it has been read to its end and understood.
        var isWhole = false

        /// Lower bound of the output tokens of a stream, all choices together. Long answers average at most 16 bytes per token; short ones may exceed
        /// that. An event is a token at most providers, but a proxy may send a token in several: only as many count as have 8 bytes each.
        var leastOutput: Int64 {
            let bytes = textBytes - 256
            return Int64(max(0, bytes / 16, min(events, bytes / 8)))
        }
    }

    /// The call as planned, with what is reserved for it.
    let planned: PlannedCall
    let pricing: Pricing
    let input: InputTokens

    /// Output tokens that may be under way between a provider and the gateway.
    private static let outputUnderWay: Int64 = 1_024

    /// - Parameters:
    ///   - usage: what the provider reports as final; `nil` when it does not, or is not believed.
    ///   - least: what it has reported at least.
    func settle(_ outcome: inout CallOutcome, _ usage: TokenUsage?, atLeast least: TokenUsage?, _ seen: Seen) {
        outcome.isEstimated = usage == nil
        outcome.usage = usage ?? estimate(seen).raised(to: least)
        outcome.cost = pricing.cost(of: outcome.usage)
        if usage == nil { noteDoubt(&outcome, seen) }
    }

    /// Settles a call of which nothing tells whether the provider worked on it: all of it is in doubt.
    func settleInDoubt(_ outcome: inout CallOutcome, _ seen: Seen) {
        outcome.isEstimated = true
        noteDoubt(&outcome, seen)
    }

    /// What is likely to have been used, rounded upward, but not beyond what was reserved.
    private func estimate(_ seen: Seen) -> TokenUsage {
        var usage = TokenEstimate.usage(input, outputBytes: seen.wholeBytes + seen.textBytes)
        usage.input = min(usage.input, planned.extent.input)
        if !planned.isOutputAssumed { usage.output = max(seen.leastOutput, min(usage.output, planned.allOutput)) }
        return usage
    }

    /// Records what the provider may bill beyond the estimate: the reserved input, and the output that was reserved where none can be seen.
    @inline(never)
    private func noteDoubt(_ outcome: inout CallOutcome, _ seen: Seen) {
        let isSeen = (seen.isWhole || seen.isStream) && !planned.thinksUnseen
        // A token has one byte or more. What was on its way when the connection was closed may be billed too.
        let most = max(outcome.usage.output, Int64(seen.wholeBytes + seen.textBytes) + (seen.isWhole ? 0 : Self.outputUnderWay))
        let bound = planned.bound(output: isSeen ? min(most, planned.allOutput) : planned.allOutput)
        outcome.inDoubt = max(.zero, bound.usd - outcome.cost)
        outcome.inDoubtTokens = max(0, bound.tokens - outcome.usage.input - outcome.usage.output)
    }
}

/// Tokens that the gateway estimates if the provider reports none. Rounded up: a bill may later be corrected downwards, never silently
/// upwards.
enum TokenEstimate {
    /// Three bytes a token: English text has about four, code and other scripts fewer.
    static let bytesPerToken = 3

    /// The estimate for a call.
    /// - Parameters:
    ///   - input: what was sent.
    ///   - outputBytes: size of what came back: of a whole answer its body, of a stream its text.
    static func usage(_ input: InputTokens, outputBytes: Int) -> TokenUsage {
        TokenUsage(input: Int64(max(tokens(input.upperBound), input.estimate)), output: Int64(tokens(outputBytes)))
    }

    private static func tokens(_ bytes: Int) -> Int { (bytes + bytesPerToken - 1) / bytesPerToken }
}

extension TokenUsage {
    /// An estimate that is not below what the provider has said.
    ///
    /// Nothing of it counts as read from a cache, which would make it cheaper.
    func raised(to reported: TokenUsage?) -> TokenUsage {
        guard let reported else { return self }
        var raised = reported
        raised.cachedInput = 0
        raised.input = max(input, reported.input)
        raised.output = max(output, reported.output)
        return raised
    }
}
