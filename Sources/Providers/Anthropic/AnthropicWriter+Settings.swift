internal import Chat
internal import Core

extension AnthropicWriter {
    mutating func writeSampling() {
        if !client.stop.isEmpty {
            bytes.append(",\"stop_sequences\":[")
            for text in client.stop {
                bytes.appendComma()
                bytes.appendJSONString(text)
            }
            bytes.append("]")
        }
        // A thinking model samples as it likes.
        guard !plan.claude.refusesSampling, !plan.thinking.isOn else { return }
        if let temperature = client.temperature {
            bytes.append(",\"temperature\":")
            // OpenAI's range goes to 2, Anthropic's to 1.
            if temperature.double ?? 0 > 1 { bytes.append("1") } else { bytes.appendJSON(temperature) }
        }
        if let topP = client.topP, client.temperature == nil || !plan.claude.takesOneSampling {
            bytes.append(",\"top_p\":")
            bytes.appendJSON(topP)
        }
        if let topK = client.topK {
            bytes.append(",\"top_k\":")
            bytes.appendJSON(topK)
        }
    }

    mutating func writeThinkingAndFormat() {
        plan.appendThinking(to: &bytes)
        writeOutputConfig(plan.effort)
    }

    private mutating func writeOutputConfig(_ effort: StaticString?) {
        var schema: JSONValue?
        if case .schema(let member, _, _) = client.format, plan.usesFormats { schema = member.value }
        guard effort != nil || schema != nil else { return }
        bytes.append(",\"output_config\":{")
        if let effort {
            bytes.append("\"effort\":\"")
            bytes.append(effort)
            bytes.append("\"")
        }
        if let schema {
            bytes.appendName("format")
            bytes.append("{\"type\":\"json_schema\",\"schema\":")
            AnthropicSchema.append(schema, to: &bytes)
            bytes.append("}")
        }
        bytes.append("}")
    }
}
