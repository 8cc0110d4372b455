extension KnownModels {
    /// Anthropic's models; cache writes at the price of the five-minute cache (those of the one-hour cache cost twice the input).
    ///
    /// Source: Anthropic's price list, https://www.anthropic.com/pricing#api, and models overview,
    /// https://docs.anthropic.com/en/docs/about-claude/models/overview, as recorded on 2026-11-26 by genai-prices 0.2.3 and LiteLLM
    /// 1.110.2's price map (both MIT), which agree on every price unless a row says otherwise. Bedrock's regional prices: the same two.
    static let anthropic: [CatalogueRow] = claude5 + claude4 + claude3

    private static let everything: ModelCapabilities = [.tools, .images, .structuredOutput, .reasoning]
    private static let unstructured: ModelCapabilities = [.tools, .images, .reasoning]
    private static let plain: ModelCapabilities = [.tools, .images]

    private static let claude5: [CatalogueRow] = [
        .init(
            "claude-fable-5-1", .init("10", cached: "0.25", write: "12.5", "50"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        .init(
            "claude-fable-5", .init("10", cached: "1", write: "12.5", "50"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        .init(
            "claude-opus-5-5", .init("4", cached: "0.2", write: "5", "20"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        .init(
            "claude-opus-5", .init("5", cached: "0.5", write: "6.25", "25"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        .init(
            "claude-sonnet-5-5", .init("2", cached: "0.1", write: "2.5", "10"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        .init(
            "claude-sonnet-5", .init("2", cached: "0.2", write: "2.5", "10"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        .init(
            "claude-haiku-5-5", .init("0.1", cached: "0.01", write: "0.125", "0.5"),
            long: (100_000, .init("0.5", cached: "0.05", write: "0.625", "2.5")), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
    ]

    private static let claude4: [CatalogueRow] = [
        .init(
            "claude-opus-4-8", .init("5", cached: "0.5", write: "6.25", "25"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        .init(
            "claude-opus-4-7", .init("5", cached: "0.5", write: "6.25", "25"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        .init(
            "claude-opus-4-6", .init("5", cached: "0.5", write: "6.25", "25"), window: 1_000_000, answer: 128_000, everything,
            regional: .tenthMore),
        // Anthropic's own limit of an answer is 128,000 in LiteLLM's map, Bedrock's 64,000: the smaller one holds at both.
        .init(
            "claude-sonnet-4-6", .init("3", cached: "0.3", write: "3.75", "15"), window: 1_000_000, answer: 64_000, everything,
            regional: .tenthMore),
        .init(
            "claude-opus-4-5", .init("5", cached: "0.5", write: "6.25", "25"), window: 200_000, answer: 64_000, everything,
            regional: .tenthMore),
        // The long inputs need a beta header; without it the window is 200,000.
        .init(
            "claude-sonnet-4-5", .init("3", cached: "0.3", write: "3.75", "15"),
            long: (200_000, .init("6", cached: "0.6", write: "7.5", "22.5")), window: 200_000, answer: 64_000, everything,
            regional: .tenthMore),
        .init(
            "claude-haiku-4-5", .init("1", cached: "0.1", write: "1.25", "5"), window: 200_000, answer: 64_000, everything,
            regional: .tenthMore),
        .init("claude-opus-4-1", .init("15", cached: "1.5", write: "18.75", "75"), window: 200_000, answer: 32_000, everything),
        .init(
            "claude-opus-4", also: ["claude-opus-4-0"], .init("15", cached: "1.5", write: "18.75", "75"), window: 200_000, answer: 32_000,
            unstructured),
        .init(
            "claude-sonnet-4", also: ["claude-sonnet-4-0"], .init("3", cached: "0.3", write: "3.75", "15"), window: 200_000, answer: 64_000,
            unstructured),
    ]

    /// Retired by Anthropic, still named in policies; limits from LiteLLM's rows of Bedrock and Vertex AI.
    private static let claude3: [CatalogueRow] = [
        .init("claude-3-7-sonnet", .init("3", cached: "0.3", write: "3.75", "15"), window: 200_000, answer: 64_000, unstructured),
        .init("claude-3-5-sonnet", .init("3", cached: "0.3", write: "3.75", "15"), window: 200_000, answer: 8192, plain),
        .init("claude-3-5-sonnet-20240620", .init("3", cached: "0.3", write: "3.75", "15"), window: 200_000, answer: 4096, plain),
        // Vertex AI's price of it differs (1 and 5).
        .init("claude-3-5-haiku", .init("0.8", cached: "0.08", write: "1", "4"), window: 200_000, answer: 8192, plain),
        .init("claude-3-opus", .init("15", cached: "1.5", write: "18.75", "75"), window: 200_000, answer: 4096, plain),
        .init("claude-3-sonnet", .init("3", cached: "0.3", write: "3.75", "15"), window: 200_000, answer: 4096, plain),
        .init("claude-3-haiku", .init("0.25", cached: "0.03", write: "0.3", "1.25"), window: 200_000, answer: 4096, plain),
    ]
}
