internal import Chat
internal import Core

extension BedrockWriter {
    private var thinks: Bool { plan.claude.isClaude && plan.thinking.isOn }

    mutating func writeInference() {
        let start = bytes.count
        bytes.appendName("inferenceConfig")
        bytes.append("{")
        let empty = bytes.count
        if isLimited || thinks {
            bytes.appendName("maxTokens")
            bytes.appendJSONNumber(plan.maxTokens)
        }
        if !(plan.claude.isClaude && plan.claude.refusesSampling), !thinks { writeSampling() }
        if !client.stop.isEmpty {
            bytes.appendName("stopSequences")
            bytes.append("[")
            for text in client.stop {
                bytes.appendComma()
                bytes.appendJSONString(text)
            }
            bytes.append("]")
        }
        if bytes.count == empty { bytes.removeSubrange(start...) } else { bytes.append("}") }
    }

    private mutating func writeSampling() {
        if let temperature = client.temperature {
            bytes.appendName("temperature")
            // OpenAI's range goes to 2, Converse's to 1.
            if temperature.double ?? 0 > 1 { bytes.append("1") } else { bytes.appendJSON(temperature) }
        }
        let takesOne = plan.claude.isClaude && plan.claude.takesOneSampling
        if let topP = client.topP, client.temperature == nil || !takesOne {
            bytes.appendName("topP")
            bytes.appendJSON(topP)
        }
    }

    /// What only the models themselves know.
    mutating func writeModelFields() {
        guard plan.claude.isClaude else { return }
        let start = bytes.count
        bytes.appendName("additionalModelRequestFields")
        bytes.append("{")
        let empty = bytes.count
        plan.appendThinking(to: &bytes)
        if Bedrock.limitsCalls(client, plan, model) {
            bytes.appendName("tool_choice")
            bytes.append("{\"type\":\"auto\",\"disable_parallel_tool_use\":true}")
        }
        if let topK = client.topK, !thinks, !plan.claude.refusesSampling {
            bytes.appendName("top_k")
            bytes.appendJSON(topK)
        }
        if bytes.count == empty { bytes.removeSubrange(start...) } else { bytes.append("}") }
    }

    mutating func writeOutputConfig() {
        let start = bytes.count
        bytes.appendName("outputConfig")
        bytes.append("{")
        let empty = bytes.count
        if plan.claude.isClaude, let effort = plan.effort {
            bytes.append("\"effort\":\"")
            bytes.append(effort)
            bytes.append("\"")
        }
        if case .schema(let schema, let name, _) = client.format, plan.usesFormats {
            bytes.appendName("textFormat")
            bytes.append("{\"type\":\"json_schema\",\"structure\":{\"jsonSchema\":{\"schema\":")
            // Here the schema is a text within the text.
            var text: [UInt8] = []
            AnthropicSchema.append(schema.value, to: &text)
            text.withUnsafeBytes { bytes.appendJSONString($0) }
            if let name {
                bytes.append(",\"name\":")
                bytes.appendJSONString(name)
            }
            bytes.append("}}}")
        }
        if bytes.count == empty { bytes.removeSubrange(start...) } else { bytes.append("}") }
    }
}
