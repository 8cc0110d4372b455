/// What a model that Bedrock runs takes of a prompt, told by its id: `us.anthropic.claude-haiku-4-5-20251001-v1:0`, `amazon.nova-pro-v1:0`.
struct BedrockModel {
    /// What it takes of marks for the prompt cache; `nil`: a mark makes it refuse the request (Bedrock, "Prompt caching": Claude 3.5 Haiku,
    /// 3.5 Sonnet v2, 3.7 and later, and Nova, whose tools cannot be marked).
    let cache: CacheRule?
    /// Whether a model that is no Claude goes on from the assistant's words; Claude's are told apart in `ClaudePlan`.
    let takesPrefill: Bool

    init(_ id: String) {
        let claude = ClaudeModel(id)
        let isNova = id.contains("nova")
        takesPrefill = isNova
        if claude.isClaude {
            let isEarly = !claude.isAtLeast(3, 7)
            let wasFirst = isEarly && (id.contains("3-5-haiku") || id.contains("3-5-sonnet-20241022"))
            // An hour can be asked for from 4.5 on.
            cache = !isEarly || wasFirst ? CacheRule(takesDurations: claude.isAtLeast(4, 5), isBlock: true) : nil
        } else {
            cache = isNova ? CacheRule(takesTools: false, takesDurations: false, isBlock: true) : nil
        }
    }
}
