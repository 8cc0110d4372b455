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
        let tokens = TokenUsage(input: prompt + tools, cachedInput: cached, output: candidates + thoughts, reasoning: thoughts)
        return tokens.isPlausible ? tokens : nil
    }

    private static func count(_ name: StaticString, in usage: JSONValue) -> Int64? {
        guard let value = usage[name], !value.isNull else { return 0 }
        return value.int64
    }
}
