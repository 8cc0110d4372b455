internal import Chat

/// Google's `usageMetadata`: https://ai.google.dev/api/generate-content#UsageMetadata.
enum GeminiUsage {
    /// The tokens, each counted once; `nil` when a count is missing, has the wrong type or cannot be true.
    ///
    /// Google's prompt includes what was cached but not what tools added to it, and its candidates do not include the thoughts. Counts of zero
    /// are left out.
    static func read(_ usage: JSONValue) -> TokenUsage? {
        guard
            let prompt = usage["promptTokenCount"]?.int64, let tools = count("toolUsePromptTokenCount", in: usage),
            let cached = count("cachedContentTokenCount", in: usage), let candidates = count("candidatesTokenCount", in: usage),
            let thoughts = count("thoughtsTokenCount", in: usage),
            [prompt, tools, cached, candidates, thoughts].allSatisfy(TokenUsage.plausible.contains)
        else { return nil }
        var tokens = TokenUsage(input: prompt + tools, cachedInput: cached, output: candidates + thoughts, reasoning: thoughts)
        let heard = sound(usage["promptTokensDetails"]) - sound(usage["cacheTokensDetails"])
        tokens.addSound(input: heard, output: sound(usage["candidatesTokensDetails"]))
        return tokens.isPlausible ? tokens : nil
    }

    /// The tokens of sound in a list of counts by modality; 0 where it has none.
    private static func sound(_ details: JSONValue?) -> Int64 {
        guard let details else { return 0 }
        let sounds = details.elements.filter { $0["modality"]?.isString("AUDIO") == true }
        return sounds.reduce(0) { max($0, $1["tokenCount"]?.int64 ?? 0) }
    }

    private static func count(_ name: StaticString, in usage: JSONValue) -> Int64? {
        guard let value = usage[name], !value.isNull else { return 0 }
        return value.int64
    }
}
