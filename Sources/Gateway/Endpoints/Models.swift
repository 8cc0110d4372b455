internal import Chat
internal import Core
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension GatewayLoop {
    /// `GET /v1/models`: what this key may use.
    func listModels(_ caller: AuthenticatedRequest) {
        var body = Array("{\"object\":\"list\",\"data\":[".utf8)
        var isFirst = true
        for listed in caller.incoming.policies.snapshot.listing where caller.principal.allows(listed.model) {
            if !isFirst { body.append(UInt8(ascii: ",")) }
            isFirst = false
            ModelDescription.append(listed.id, listed.model, to: &body)
        }
        body.append(contentsOf: "]}".utf8)
        answerJSON(200, body, caller.incoming)
    }

    /// `GET /v1/models/{id}`, by any name a client may use for it.
    func showModel(_ name: String, _ caller: AuthenticatedRequest) throws(GatewayError) {
        let model = try caller.incoming.policies.snapshot.model(named: name, for: caller.principal)
        var body: [UInt8] = []
        ModelDescription.append(name, model, to: &body)
        answerJSON(200, body, caller.incoming)
    }

    /// Sends a complete JSON document.
    func answerJSON(_ status: Int, _ body: [UInt8], _ call: IncomingRequest) {
        call.reply.respond(status, body: body) { fields in
            fields.contentType = "application/json"
            fields.appendField("x-request-id", value: call.requestID)
        }
    }
}

/// A model as the model lists of OpenAI, Anthropic and Dedalus show it: the union of their fields.
private enum ModelDescription {
    /// Models have no date of creation here, but clients need one that does not change.
    private static let created = WallTime(microseconds: 1_735_689_600_000_000)

    static func append(_ name: String, _ model: NamedModel, to body: inout [UInt8]) {
        body.append(contentsOf: "{\"id\":".utf8)
        body.appendJSONString(name)
        body.append(
            contentsOf: ",\"object\":\"model\",\"type\":\"model\",\"created\":\(created.microseconds / 1_000_000),\"created_at\":".utf8)
        body.appendJSONString(created.rfc3339)
        body.append(contentsOf: ",\"owned_by\":".utf8)
        body.appendJSONString(owner(of: model))
        body.append(contentsOf: ",\"provider\":".utf8)
        body.appendJSONString(owner(of: model))
        body.append(contentsOf: ",\"display_name\":".utf8)
        body.appendJSONString(model.name)
        body.append(UInt8(ascii: "}"))
    }

    /// Virtual models are owned by the gateway.
    private static func owner(of model: NamedModel) -> String {
        if case .provider(let entry) = model { entry.provider.name } else { "purser" }
    }
}
