public import Core

extension [UInt8] {
    /// Appends OpenAI's `usage` object, with what the answer cost in it.
    public mutating func appendUsage(_ usage: TokenUsage, cost: NanoUSD) {
        append("{\"prompt_tokens\":")
        appendJSONNumber(usage.input)
        append(",\"completion_tokens\":")
        appendJSONNumber(usage.output)
        append(",\"total_tokens\":")
        appendJSONNumber(usage.input + usage.output)
        append(",\"prompt_tokens_details\":{\"cached_tokens\":")
        appendJSONNumber(usage.cachedInput)
        if usage.cacheWrite > 0 {
            append(",\"cache_write_tokens\":")
            appendJSONNumber(usage.cacheWrite)
        }
        append("},\"completion_tokens_details\":{\"reasoning_tokens\":")
        appendJSONNumber(usage.reasoning)
        append("},\"cost\":")
        appendJSONNumber(cost)
        append("}")
    }
}
