import Testing

@testable import Providers

@Suite struct ClaudeModelTests {
    /// Thinks; keeps to schemas; thinks as it sees fit; refuses sampling.
    @Test(arguments: [
        ("claude-3-opus-20240229", [false, false, false, false]), ("claude-3-5-sonnet-20241022", [false, false, false, false]),
        ("claude-3-7-sonnet-latest", [true, false, false, false]),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", [true, false, false, false]),
        ("claude-sonnet-4-20250514", [true, false, false, false]), ("claude-opus-4-1-20250805", [true, true, false, false]),
        ("claude-sonnet-4-5", [true, true, false, false]), ("anthropic/claude-haiku-4.5", [true, true, false, false]),
        ("anthropic.claude-opus-4-6-v1", [true, true, true, false]), ("claude-opus-4-7", [true, true, true, true]),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8", [true, true, true, true]),
        ("claude-opus-5", [true, true, true, true]), ("claude-sonnet-5-5", [true, true, true, true]),
        ("claude-next", [true, true, true, true]),
        ("claude-2.1", [false, false, false, false]), ("claude-instant-1.2", [false, false, false, false]),
        ("claude-9223372036854775808", [true, true, true, true]),
    ])
    func namesTellWhatModelsCanDo(name: String, abilities: [Bool]) {
        let model = ClaudeModel(name)
        #expect(model.isClaude)
        #expect([model.thinks, model.hasStructuredOutputs, model.thinksAdaptively, model.refusesSampling] == abilities)
    }

    @Test(arguments: ["", "deepseek-chat", "amazon.nova-pro-v1:0", "CLAUDE"]) func othersGetWhatTheDialectHasHadForLong(name: String) {
        let model = ClaudeModel(name)
        #expect(!model.isClaude && model.thinks && !model.hasStructuredOutputs && !model.thinksAdaptively && !model.refusesSampling)
        #expect(!model.hasStructuredOutputsOnBedrock)
    }
}
