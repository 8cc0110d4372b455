extension KnownModels {
    /// OpenAI's models, and Azure's of the same names at the price of a global standard deployment.
    ///
    /// Source: OpenAI's price list, https://platform.openai.com/docs/pricing, and model pages, https://platform.openai.com/docs/models,
    /// as recorded on 2026-11-26 by genai-prices 0.2.3 and LiteLLM 1.110.2's price map (both MIT), which agree on every price unless a row says otherwise.
    static let openAI: [CatalogueRow] = gpt6 + gpt5 + gpt4 + oSeries

    private static let everything: ModelCapabilities = [.tools, .images, .structuredOutput, .reasoning]
    private static let chat: ModelCapabilities = [.tools, .images, .structuredOutput]

    private static let gpt6: [CatalogueRow] = [
        .init(
            "gpt-6.1-sol", .init("2", cached: "0.1", write: "2.5", "10"),
            long: (272_000, .init("4", cached: "0.2", write: "5", "15")), window: 1_050_000, answer: 128_000, everything),
        .init(
            "gpt-6.1-terra", .init("1", cached: "0.05", write: "1.25", "5"),
            long: (272_000, .init("2", cached: "0.1", write: "2.5", "7.5")), window: 1_050_000, answer: 128_000, everything),
        .init(
            "gpt-6-astra", .init("10", cached: "1", write: "12.5", "50"),
            long: (272_000, .init("20", cached: "2", write: "25", "75")), window: 1_050_000, answer: 128_000, everything),
        .init(
            "gpt-6-sol", .init("2", cached: "0.2", write: "2.5", "10"),
            long: (272_000, .init("4", cached: "0.4", write: "5", "15")), window: 1_050_000, answer: 128_000, everything),
        .init(
            "gpt-6-luna", .init("0.1", cached: "0.01", write: "0.125", "0.5"),
            long: (272_000, .init("0.2", cached: "0.02", write: "0.25", "0.75")), window: 1_050_000, answer: 128_000, everything),
    ]

    private static let gpt5: [CatalogueRow] = [
        .init(
            "gpt-5.6-sol", also: ["gpt-5.6"], .init("4", cached: "0.4", write: "5", "20"),
            long: (272_000, .init("8", cached: "0.8", write: "10", "30")), window: 1_050_000, answer: 128_000, everything),
        .init(
            "gpt-5.6-terra", .init("2", cached: "0.2", write: "2.5", "12"),
            long: (272_000, .init("4", cached: "0.4", write: "5", "18")), window: 1_050_000, answer: 128_000, everything),
        .init(
            "gpt-5.6-luna", .init("0.2", cached: "0.02", write: "0.25", "1.2"),
            long: (272_000, .init("0.4", cached: "0.04", write: "0.5", "1.8")), window: 1_050_000, answer: 128_000, everything),
        .init(
            "gpt-5.5", .init("5", cached: "0.5", "30"), long: (272_000, .init("10", cached: "1", "45")),
            window: 1_050_000, answer: 128_000, everything),
        .init(
            "gpt-5.4", .init("2.5", cached: "0.25", "15"), long: (272_000, .init("5", cached: "0.5", "22.5")),
            window: 1_050_000, answer: 128_000, everything),
        .init("gpt-5.4-mini", .init("0.75", cached: "0.075", "4.5"), window: 400_000, answer: 128_000, everything),
        .init("gpt-5.4-nano", .init("0.2", cached: "0.02", "1.25"), window: 400_000, answer: 128_000, everything),
        .init("gpt-5.3-codex", .init("1.75", cached: "0.175", "14"), window: 400_000, answer: 128_000, everything),
        .init("gpt-5.2", also: ["gpt-5.2-codex"], .init("1.75", cached: "0.175", "14"), window: 400_000, answer: 128_000, everything),
        .init("gpt-5.2-chat", .init("1.75", cached: "0.175", "14"), window: 128_000, answer: 16_384, chat),
        .init(
            "gpt-5.1", also: ["gpt-5.1-codex", "gpt-5.1-codex-max"], .init("1.25", cached: "0.125", "10"),
            window: 400_000, answer: 128_000, everything),
        .init("gpt-5.1-codex-mini", .init("0.25", cached: "0.025", "2"), window: 400_000, answer: 128_000, everything),
        .init("gpt-5.1-chat", .init("1.25", cached: "0.125", "10"), window: 128_000, answer: 16_384, chat),
        .init("gpt-5", also: ["gpt-5-codex"], .init("1.25", cached: "0.125", "10"), window: 400_000, answer: 128_000, everything),
        .init("gpt-5-mini", .init("0.25", cached: "0.025", "2"), window: 400_000, answer: 128_000, everything),
        .init("gpt-5-nano", .init("0.05", cached: "0.005", "0.4"), window: 400_000, answer: 128_000, everything),
        .init("gpt-5-chat", .init("1.25", cached: "0.125", "10"), window: 128_000, answer: 16_384, [.images, .structuredOutput]),
    ]

    private static let gpt4: [CatalogueRow] = [
        .init("gpt-4.1", .init("2", cached: "0.5", "8"), window: 1_047_576, answer: 32_768, chat),
        .init("gpt-4.1-mini", .init("0.4", cached: "0.1", "1.6"), window: 1_047_576, answer: 32_768, chat),
        .init("gpt-4.1-nano", .init("0.1", cached: "0.025", "0.4"), window: 1_047_576, answer: 32_768, chat),
        .init("gpt-4o", .init("2.5", cached: "1.25", "10"), window: 128_000, answer: 16_384, chat),
        .init("gpt-4o-2024-05-13", .init("5", "15"), window: 128_000, answer: 4096, [.tools, .images]),
        .init("gpt-4o-mini", .init("0.15", cached: "0.075", "0.6"), window: 128_000, answer: 16_384, chat),
        .init(
            "gpt-4-turbo", also: ["gpt-4-turbo-preview", "gpt-4-1106-preview", "gpt-4-0125-preview"], .init("10", "30"),
            window: 128_000, answer: 4096, [.tools, .images]),
        .init("gpt-4", also: ["gpt-4-0613"], .init("30", "60"), window: 8192, answer: 8192, [.tools]),
        // Retired; in genai-prices alone.
        .init("gpt-4-32k", also: ["gpt-4-32k-0613"], .init("60", "120"), window: 32_768, answer: 32_768, [.tools]),
        .init(
            "gpt-3.5-turbo", also: ["gpt-3.5-turbo-0125", "gpt-35-turbo", "gpt-35-turbo-0125"], .init("0.5", "1.5"),
            window: 16_385, answer: 4096, [.tools]),
        .init("gpt-3.5-turbo-1106", .init("1", "2"), window: 16_385, answer: 4096, [.tools]),
        .init("gpt-3.5-turbo-16k", .init("3", "4"), window: 16_385, answer: 4096, []),
    ]

    private static let oSeries: [CatalogueRow] = [
        .init("o4-mini", .init("1.1", cached: "0.275", "4.4"), window: 200_000, answer: 100_000, everything),
        .init("o3", .init("2", cached: "0.5", "8"), window: 200_000, answer: 100_000, everything),
        .init("o3-pro", .init("20", "80"), window: 200_000, answer: 100_000, everything),
        .init(
            "o3-mini", .init("1.1", cached: "0.55", "4.4"), window: 200_000, answer: 100_000, [.tools, .structuredOutput, .reasoning]),
        .init("o1", .init("15", cached: "7.5", "60"), window: 200_000, answer: 100_000, everything),
        // Retired; in genai-prices alone.
        .init("o1-mini", .init("1.1", cached: "0.55", "4.4"), window: 128_000, answer: 65_536, [.reasoning]),
    ]
}
