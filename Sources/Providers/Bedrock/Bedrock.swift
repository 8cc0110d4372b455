internal import Chat

/// AWS Bedrock's Converse and ConverseStream.
enum Bedrock {
    static func request(
        _ request: ChatRequest, _ model: WireModel, _ context: AnswerContext, _ reader: JSONReader
    ) throws(GatewayError) -> WireRequest {
        var context = context
        let body = try request.withRoot(reader) { (root) throws(GatewayError) in
            let client = try ClientRequest(root, [.files, .audio], reasoning: .anthropic)
            let plan = ClaudePlan(client, model, maxTokens: request.maxOutputTokens) { $0.hasStructuredOutputsOnBedrock }
            context.formatTool = plan.formatTool
            var writer = BedrockWriter(client, plan, isLimited: request.maxOutputTokens != nil || model.maxOutputTokens != nil)
            try writer.write()
            return writer.bytes
        }
        let path = "/model/\(segment(model.upstreamName))/" + (request.stream ? "converse-stream" : "converse")
        return WireRequest(body: body, path: path, context: context)
    }

    /// A model's id as one segment of a path: ids may have colons, and ARNs have slashes too.
    private static func segment(_ id: String) -> String {
        // Two dots alone would be the way up.
        id.utf8.allSatisfy { $0 == UInt8(ascii: ".") } ? String(repeating: "%2E", count: id.utf8.count) : id.percentEncodedForURL
    }
}
