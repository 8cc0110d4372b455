extension KnownModels {
    /// Google's Gemini models, paid tier, prices of text; thoughts are charged as output.
    ///
    /// Source: Google's price list, https://ai.google.dev/gemini-api/docs/pricing, and model pages,
    /// https://ai.google.dev/gemini-api/docs/models, as recorded on 2026-11-26 by genai-prices 0.2.3 and LiteLLM 1.110.2's price map
    /// (both MIT), which agree on every price unless a row says otherwise.
    static let google: [CatalogueRow] = gemini4 + gemini3 + gemini2

    private static let everything: ModelCapabilities = [.tools, .images, .structuredOutput, .reasoning]

    /// Until 2026-11-30 at half of these prices; genai-prices has both, LiteLLM's map the lower. The standing price is here,
    /// because a bill that is too low would let a budget be overspent.
    private static let gemini4: [CatalogueRow] = [
        .init("gemini-4-argon", .init("4", cached: "0.2", "20"), window: 1_048_576, answer: 1_048_576, everything)
    ]

    private static let gemini3: [CatalogueRow] = [
        // The flash models 3.6 to 3.8 cost half of these prices until 2026-12-31, as above.
        .init("gemini-3.8-flash", .init("1.5", cached: "0.15", "7.5"), window: 1_048_576, answer: 65_536, everything),
        .init("gemini-3.7-flash", .init("1.5", cached: "0.15", "7.5"), window: 1_048_576, answer: 65_536, everything),
        .init("gemini-3.6-flash", .init("1.5", cached: "0.15", "7.5"), window: 1_048_576, answer: 65_536, everything),
        .init("gemini-3.5-flash", .init("1.5", cached: "0.15", "9"), window: 1_048_576, answer: 65_536, everything),
        .init("gemini-3.5-flash-lite", .init("0.3", cached: "0.03", "2.5"), window: 1_048_576, answer: 65_536, everything),
        .init(
            "gemini-3.1-pro-preview", also: ["gemini-3.1-pro-preview-customtools"], .init("2", cached: "0.2", "12"),
            long: (200_000, .init("4", cached: "0.4", "18")), window: 1_048_576, answer: 65_536, everything),
        .init(
            "gemini-3.1-flash-lite", also: ["gemini-3.1-flash-lite-preview"], .init("0.25", cached: "0.025", "1.5"),
            window: 1_048_576, answer: 65_536, everything),
        // Retired; in genai-prices alone.
        .init(
            "gemini-3-pro-preview", .init("2", cached: "0.2", "12"), long: (200_000, .init("4", cached: "0.4", "18")),
            window: 1_048_576, answer: 65_536, everything),
        .init("gemini-3-flash-preview", .init("0.5", cached: "0.05", "3"), window: 1_048_576, answer: 65_536, everything),
    ]

    private static let gemini2: [CatalogueRow] = [
        .init(
            "gemini-2.5-pro", .init("1.25", cached: "0.125", "10"), long: (200_000, .init("2.5", cached: "0.25", "15")),
            window: 1_048_576, answer: 65_536, everything),
        .init("gemini-2.5-flash", .init("0.3", cached: "0.03", "2.5"), window: 1_048_576, answer: 65_536, everything),
        .init("gemini-2.5-flash-lite", .init("0.1", cached: "0.01", "0.4"), window: 1_048_576, answer: 65_536, everything),
        // Retired; in genai-prices alone.
        .init(
            "gemini-2.0-flash", also: ["gemini-2.0-flash-001"], .init("0.1", cached: "0.025", "0.4"), window: 1_048_576, answer: 8192,
            [.tools, .images, .structuredOutput]),
        .init(
            "gemini-2.0-flash-lite", also: ["gemini-2.0-flash-lite-001"], .init("0.075", "0.3"), window: 1_048_576, answer: 8192,
            [.tools, .images, .structuredOutput]),
    ]
}
