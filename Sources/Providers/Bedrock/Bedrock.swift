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
        // Two dots would be the way up.
        let escapesDots = id.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
        var bytes: [UInt8] = []
        for byte in id.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            case UInt8(ascii: ".") where !escapesDots: bytes.append(byte)
            default: bytes += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
