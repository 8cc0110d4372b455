/// What a model can do where Bedrock runs it, told by its id: `us.anthropic.claude-haiku-4-5-20251001-v1:0`, `amazon.nova-pro-v1:0`.
struct BedrockModel {
    /// What `toolChoice` may ask for.
    enum Forcing { case anyOrNamed, any, nothing }

    /// The same as a Claude.
    let claude: ClaudeModel
    /// What it takes of marks for the prompt cache; `nil`: a mark makes it refuse the request (Bedrock, "Prompt caching": Claude 3.5 Haiku,
    /// 3.5 Sonnet v2, 3.7 and later, and Nova, whose tools cannot be marked).
    let cache: CacheRule?
    /// Whether a model that is not a Claude goes on from the assistant's words; for Claude models `ClaudePlan` decides.
    let takesPrefill: Bool
    /// How a tool can be forced (Bedrock, "ToolChoice").
    let forcing: Forcing
    /// Keeps to a schema by `outputConfig.textFormat` (Bedrock, "Structured outputs").
    let hasStructuredOutputs: Bool
    /// Whether the model's own `tool_choice` may stand in `additionalModelRequestFields`, as far as it limits the calls of an answer to one.
    let limitsCalls: Bool
    /// Whether the root of a tool's schema may have `type`, `properties` and `required`, and nothing else (Nova, "Tool use").
    let hasBareSchemas: Bool

    init(_ id: String) {
        claude = ClaudeModel(id)
        func has(_ words: String...) -> Bool { words.contains { id.contains($0) } }
        let isNova = !claude.isClaude && has("nova")
        takesPrefill = isNova
        hasBareSchemas = isNova
        limitsCalls = claude.isClaude && claude.isAtLeast(4, 5)
        if claude.isClaude {
            let isEarly = !claude.isAtLeast(3, 7)
            let wasFirst = isEarly && has("3-5-haiku", "3-5-sonnet-20241022")
            // An hour can be asked for from 4.5 on.
            cache = !isEarly || wasFirst ? CacheRule(takesDurations: claude.isAtLeast(4, 5), isBlock: true) : nil
            hasStructuredOutputs = claude.hasStructuredOutputsOnBedrock
            forcing = claude.forcesTools ? .anyOrNamed : .nothing
        } else {
            cache = isNova ? CacheRule(takesTools: false, takesDurations: false, isBlock: true) : nil
            hasStructuredOutputs = has(
                "qwen.", "openai.gpt-oss", "google.gemma", "minimax.", "moonshot", "nvidia.nemotron", "deepseek.v3", "zai.")
            forcing =
                if has("mistral-large") {
                    .any
                } else if has("meta.llama", "cohere.", "ai21.", "amazon.titan", "writer.", "deepseek.r1") {
                    .nothing
                } else {
                    // An application profile's ARN does not name its model.
                    .anyOrNamed
                }
        }
    }
}
