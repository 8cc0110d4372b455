internal import Chat

/// The client's own body for a provider of OpenAI's dialect.
enum OpenAIRequest {
    /// The body, and what in it is the gateway's: the name of the limit of output, and `stream_options`.
    /// - Parameter isDeployment: whether the provider's customer has named the model.
    static func body(_ request: ChatRequest, _ model: ProviderModel, isDeployment: Bool) -> (body: [UInt8], additions: Additions) {
        let name = limitName(model, isDeployment)
        let limit = model.maxOutputTokens.map { OutputLimit(tokens: $0, name: name) }
        let omitsStreamOptions = model.refused.contains(.streamOptions)
        let body = request.upstreamBody(
            model: model.upstreamNameJSON, outputLimit: limit, limitName: name, omitsStreamOptions: omitsStreamOptions)
        var additions: Additions = []
        if request.addsStreamOptions, !omitsStreamOptions { additions.insert(.streamOptions) }
        switch request.sentLimitName(outputLimit: limit, limitName: name) {
        case .tokens: additions.insert(.maxTokens)
        case .completionTokens: additions.insert(.maxCompletionTokens)
        case nil: break
        }
        return (body, additions)
    }

    /// The name that the model insists on, told by what it has refused or by its own name; `nil`: the client's.
    private static func limitName(_ model: ProviderModel, _ isDeployment: Bool) -> OutputLimit.Name? {
        switch (model.refused.contains(.maxTokens), model.refused.contains(.maxCompletionTokens)) {
        case (true, false): .completionTokens
        case (false, true): .tokens
        default: OutputLimit.Name(insistedOnBy: model.upstreamName, isDeployment: isDeployment)
        }
    }
}
