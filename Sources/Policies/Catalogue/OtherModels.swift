extension KnownModels {
    /// Models of makers that sell them under names of their own.
    ///
    /// Open models that many hosts sell under one name at different prices (`openai/gpt-oss-120b`) are left out: a name alone does not
    /// tell their price. Sources, as recorded on 2026-11-26 by genai-prices 0.2.3 and LiteLLM 1.110.2's price map (both MIT), which agree
    /// on every price unless a row says otherwise:
    /// https://mistral.ai/pricing, https://api-docs.deepseek.com/quick_start/pricing, https://docs.x.ai/docs/models, https://groq.com/pricing.
    static let others: [CatalogueRow] = mistral + deepSeek + xAI + groq

    private static let everything: ModelCapabilities = [.tools, .images, .structuredOutput, .reasoning]
    private static let chat: ModelCapabilities = [.tools, .images, .structuredOutput]

    private static let mistral: [CatalogueRow] = [
        .init(
            "mistral-large-4", also: ["mistral-large-4-0"], .init("0.7", cached: "0.07", "2.1"), window: 1_048_576, answer: 1_048_576,
            everything),
        .init(
            "mistral-large-2512", also: ["mistral-large-3"], .init("0.5", cached: "0.05", "1.5"), window: 262_144, answer: 262_144, chat),
        .init(
            "mistral-medium-3-5", also: ["mistral-medium-latest", "mistral-medium-2604"], .init("1.5", cached: "0.15", "7.5"),
            window: 262_144, answer: 262_144, everything),
        .init(
            "mistral-small-2603", also: ["mistral-small-latest"], .init("0.15", cached: "0.015", "0.6"),
            window: 262_144, answer: 262_144, everything),
        .init(
            "ministral-14b-2512", also: ["ministral-14b-latest"], .init("0.2", cached: "0.02", "0.2"), window: 262_144, answer: 262_144,
            chat),
        .init(
            "ministral-8b-2512", also: ["ministral-8b-latest"], .init("0.15", cached: "0.015", "0.15"), window: 262_144, answer: 262_144,
            chat),
        .init(
            "ministral-3b-2512", also: ["ministral-3b-latest"], .init("0.1", cached: "0.01", "0.1"), window: 131_072, answer: 131_072, chat),
        // The windows disagree (256,000 and 128,000): the smaller one.
        .init(
            "codestral-2508", also: ["codestral-latest"], .init("0.3", cached: "0.03", "0.9"), window: 128_000, answer: 128_000,
            [.tools, .structuredOutput]),
    ]

    /// At the price of the peak hours, which LiteLLM's map has; outside them they cost half.
    private static let deepSeek: [CatalogueRow] = [
        .init(
            "deepseek-v4-flash", also: ["deepseek-flash"], .init("0.3", cached: "0.006", "1.2"), window: 1_000_000, answer: 393_216,
            everything),
        .init(
            "deepseek-v4-pro", .init("1.32", cached: "0.044", "3.96"), window: 1_000_000, answer: 393_216,
            [.tools, .structuredOutput, .reasoning]),
    ]

    private static let xAI: [CatalogueRow] = [
        .init(
            "grok-4.7", .init("2", cached: "0.5", "6"), long: (199_999, .init("4", cached: "1", "12")),
            window: 500_000, answer: 500_000, everything),
        .init(
            "grok-4.6", .init("2", cached: "0.5", "6"), long: (199_999, .init("4", cached: "1", "12")),
            window: 500_000, answer: 500_000, everything),
        .init(
            "grok-4.5", .init("2", cached: "0.3", "6"), long: (199_999, .init("4", cached: "0.6", "12")),
            window: 500_000, answer: 500_000, everything),
        .init(
            "grok-4.3", .init("1.25", cached: "0.2", "2.5"), long: (199_999, .init("2.5", cached: "0.4", "5")),
            window: 1_000_000, answer: 1_000_000, everything),
        .init(
            "grok-4.20", also: ["grok-4.20-reasoning", "grok-4.20-non-reasoning"], .init("1.25", cached: "0.2", "2.5"),
            long: (199_999, .init("2.5", cached: "0.4", "5")), window: 1_000_000, answer: 1_000_000, everything),
    ]

    /// In genai-prices alone; Groq's model pages give the limits.
    private static let groq: [CatalogueRow] = [
        .init("llama-3.3-70b-versatile", .init("0.59", "0.79"), window: 131_072, answer: 32_768, [.tools]),
        .init("llama-3.1-8b-instant", .init("0.05", "0.08"), window: 131_072, answer: 131_072, [.tools]),
    ]
}
