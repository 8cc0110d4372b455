internal import Chat

/// Azure OpenAI: OpenAI's bodies behind paths of its own.
///
/// Its answers pass through, content filter results and the first chunk without choices included:
/// https://learn.microsoft.com/azure/ai-foundry/openai/reference.
enum Azure {
    /// The client's body for the deployment that `model.upstreamName` names.
    ///
    /// With a dated `api_version` the deployment is part of the path; without one, or with `v1`, it is the `model` of the v1 API.
    static func request(_ request: ChatRequest, _ model: ProviderModel, _ context: AnswerContext) throws(GatewayError) -> ProviderRequest {
        var context = context
        let (body, additions) = OpenAIRequest.body(request, model, isDeployment: true)
        context.additions = additions
        guard let version = model.apiVersion, version != "v1" else {
            return ProviderRequest(
                body: body, path: "/openai/v1/chat/completions", context: context, request: request, media: request.media)
        }
        let deployment = model.upstreamName.percentEncodedForURL
        let path = "/openai/deployments/\(deployment)/chat/completions?api-version=\(version.percentEncodedForURL)"
        return ProviderRequest(body: body, path: path, context: context, request: request, media: request.media)
    }
}
