internal import Chat

/// Anthropic's Messages, version 2023-06-01.
enum Anthropic {
    static func request(
        _ request: ChatRequest, _ model: WireModel, _ context: AnswerContext, _ reader: JSONReader
    ) throws(GatewayError) -> WireRequest {
        var context = context
        let body = try request.withRoot(reader) { (root) throws(GatewayError) in
            let client = try ClientRequest(root, [.files], reasoning: .anthropic)
            let plan = ClaudePlan(client, model, maxTokens: request.maxOutputTokens) { $0.hasStructuredOutputs }
            context.formatTool = plan.formatTool
            var writer = AnthropicWriter(client, plan)
            try writer.write(model: model.upstreamNameJSON, stream: request.stream)
            return writer.bytes
        }
        return WireRequest(body: body, path: "/v1/messages", context: context)
    }
}
