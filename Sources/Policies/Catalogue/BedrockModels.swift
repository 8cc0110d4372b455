extension KnownModels {
    /// Models of Amazon and Meta on Bedrock; Anthropic's are found by their own names.
    ///
    /// Source: AWS's price list, https://aws.amazon.com/bedrock/pricing/, as recorded on 2026-11-26 by genai-prices 0.2.3 and LiteLLM
    /// 1.110.2's price map (both MIT), which agree on every price. Prices of the United States; other regions' differ and are not known here.
    static let bedrock: [CatalogueRow] = [
        .init(
            "amazon.nova-premier", .init("2.5", cached: "0.625", "12.5"), window: 1_000_000, answer: 10_000, [.tools, .images],
            regional: .unitedStatesOnly),
        .init(
            "amazon.nova-pro", .init("0.8", cached: "0.2", "3.2"), window: 300_000, answer: 10_000, [.tools, .images],
            regional: .unitedStatesOnly),
        .init(
            "amazon.nova-lite", .init("0.06", cached: "0.015", "0.24"), window: 300_000, answer: 10_000, [.tools, .images],
            regional: .unitedStatesOnly),
        .init(
            "amazon.nova-micro", .init("0.035", cached: "0.00875", "0.14"), window: 128_000, answer: 10_000, [.tools],
            regional: .unitedStatesOnly),
        .init(
            "meta.llama4-maverick-17b-instruct", .init("0.24", "0.97"), window: 1_000_000, answer: 8192, [.tools],
            regional: .unitedStatesOnly),
        .init(
            "meta.llama4-scout-17b-instruct", .init("0.17", "0.66"), window: 10_000_000, answer: 8192, [.tools],
            regional: .unitedStatesOnly),
        .init("meta.llama3-3-70b-instruct", .init("0.72", "0.72"), window: 128_000, answer: 4096, [.tools], regional: .unitedStatesOnly),
        .init("meta.llama3-1-70b-instruct", .init("0.72", "0.72"), window: 128_000, answer: 4096, [.tools], regional: .unitedStatesOnly),
        .init("meta.llama3-1-8b-instruct", .init("0.22", "0.22"), window: 128_000, answer: 4096, [.tools], regional: .unitedStatesOnly),
    ]
}
