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
        ("anthropic.claude-v2:1", [false, false, false, false]), ("anthropic.claude-instant-v1", [false, false, false, false]),
        ("claude-sonnet-5[1m]", [true, true, true, true]), ("claude-sonnet-4@20250514", [true, false, false, false]),
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

    @Test(arguments: [
        ("claude-3-7-sonnet-20250219", ClaudeModel.ThinkingOff.silence, true), ("claude-sonnet-4-5", .silence, true),
        ("claude-opus-4-8", .silence, true), ("claude-sonnet-5", .disabled, true), ("us.anthropic.claude-sonnet-5", .disabled, true),
        ("claude-opus-5", .disabled, true), ("claude-haiku-5-5", .disabled, true), ("claude-sonnet-5-5", .betweenTools, false),
        ("claude-opus-5-5", .leastEffort, false), ("anthropic.claude-fable-5", .leastEffort, false),
        ("claude-mythos-preview", .leastEffort, false), ("claude-fable-5-1", .leastEffort, false),
        ("claude-next-20270101", .leastEffort, false), ("deepseek-chat", .disabled, true),
    ])
    func namesTellHowThinkingIsTurnedOff(name: String, off: ClaudeModel.ThinkingOff, forces: Bool) {
        #expect(ClaudeModel(name).thinkingOff == off)
        #expect(ClaudeModel(name).forcesTools == forces)
    }

    @Test(arguments: [
        ("claude-3-5-sonnet-20241022", true), ("claude-sonnet-4-5", true), ("claude-opus-4-6", false), ("claude-sonnet-5", false),
        ("claude-next", false), ("deepseek-chat", true),
    ])
    func namesTellWhetherAnAnswerCanBeBegun(name: String, takesPrefill: Bool) {
        #expect(ClaudeModel(name).takesPrefill == takesPrefill)
    }

    @Test(arguments: [
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", BedrockModel.Forcing.anyOrNamed, true),
        ("anthropic.claude-opus-5-5", .nothing, true),
        ("mistral.mistral-large-2407-v1:0", .any, false), ("us.meta.llama3-3-70b-instruct-v1:0", .nothing, false),
        ("amazon.nova-pro-v1:0", .anyOrNamed, false), ("qwen.qwen3-235b-a22b-2507-v1:0", .anyOrNamed, true),
        ("anthropic.claude-3-haiku-20240307-v1:0", .anyOrNamed, false),
    ])
    func bedrockModelsDiffer(id: String, forcing: BedrockModel.Forcing, keepsToSchemas: Bool) {
        #expect(BedrockModel(id).forcing == forcing)
        #expect(BedrockModel(id).hasStructuredOutputs == keepsToSchemas)
    }
}
