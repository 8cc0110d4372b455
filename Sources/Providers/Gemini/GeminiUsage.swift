internal import Chat

/// Google's `usageMetadata`: https://ai.google.dev/api/generate-content#UsageMetadata.
enum GeminiUsage {
    /// The tokens, each counted once.
    ///
    /// Google's prompt includes what was cached but not what tools added to it, and its candidates do not include the thoughts. Counts of zero
    /// are left out. The total tells of tokens that no other count has.
    static func read(_ usage: JSONValue) -> UsageReport {
        var counts = UsageReport.Counts()
        counts.input = sum(UsageCount(usage["promptTokenCount"]), UsageCount(usage["toolUsePromptTokenCount"]))
        counts.cached = UsageCount(usage["cachedContentTokenCount"])
        counts.reasoning = UsageCount(usage["thoughtsTokenCount"])
        counts.output = sum(sum(.count(0), UsageCount(usage["candidatesTokenCount"])), counts.reasoning)
        let total = UsageCount(usage["totalTokenCount"])
        // Old versions leave the thoughts or the tools out of it.
        if let parts = counts.input.number, let output = counts.output.number, let number = total.number, number > parts + output {
            counts.total = total
        }
        if total.isDoubtful { counts.total = total }
        var report = UsageReport(counts)
        let heard = sound(usage["promptTokensDetails"]) - sound(usage["cacheTokensDetails"])
        report.addSound(input: heard, output: sound(usage["candidatesTokensDetails"]))
        return report
    }

    /// The tokens of sound in a list of counts by modality; 0 where it has none.
    private static func sound(_ details: JSONValue?) -> Int64 {
        guard let details else { return 0 }
        let sounds = details.elements.filter { $0["modality"]?.isString("AUDIO") == true }
        return sounds.reduce(0) { max($0, $1["tokenCount"]?.int64 ?? 0) }
    }

    private static func sum(_ first: UsageCount, _ second: UsageCount) -> UsageCount {
        guard !first.isAbsent, !second.isAbsent else { return first }
        let number = (first.number ?? 0) + (second.number ?? 0)
        return first.isDoubtful || second.isDoubtful ? .doubtful(atLeast: number) : .count(number)
    }
}
