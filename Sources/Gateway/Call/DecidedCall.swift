internal import Chat
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

/// A call whose body has been read and understood, and that the gateway has room for.
struct AdmittedCall {
    let incoming: IncomingCall
    let principal: Principal
    let request: ChatRequest
    let timeout: Duration?
}

/// A call whose target is known.
struct DecidedCall {
    let admitted: AdmittedCall
    let target: Target
}

/// A call that may be made: everything that must hold before a byte goes upstream holds.
struct HeldCall {
    let decided: DecidedCall
    let callID: String
}

extension AuthenticatedCall {
    /// Reads and decodes the body.
    /// - Throws: `invalid_request_error` naming the member that is wrong, `request_too_large`, `overloaded` while draining …
    func admitted() async throws(GatewayError) -> AdmittedCall {
        let exchange = incoming.exchange
        let timeout = try incoming.clientTimeout()
        try incoming.requireJSON()
        let body: [UInt8]
        do { body = try await exchange.body(padding: JSONReader.padding) } catch { throw GatewayError(error) }
        let request = try ChatRequest(decoding: body, reader: incoming.loop.reader)
        return AdmittedCall(incoming: incoming, principal: principal, request: request, timeout: timeout)
    }
}

extension AdmittedCall {
    /// Chooses the target: the provider model that the requested name stands for.
    /// - Throws: `model_not_found` with the nearest name, `model_not_allowed`, `no_healthy_upstream` when the provider is off.
    func decided() throws(GatewayError) -> DecidedCall {
        guard case .provider(let model) = try incoming.policies.snapshot.model(named: request.model, for: principal) else {
            throw GatewayError(.noHealthyUpstream, "Virtual models are not served yet.", source: .gateway, param: "model")
        }
        guard let target = incoming.policies.target(model) else {
            throw GatewayError(.noHealthyUpstream, "The provider of \(model.name) is off.", source: .gateway)
        }
        return DecidedCall(admitted: self, target: target)
    }
}

extension DecidedCall {
    /// Makes sure that the call can be recorded: what cannot be billed is not bought.
    /// - Throws: `storage_unavailable`.
    func held() throws(GatewayError) -> HeldCall {
        let loop = admitted.incoming.loop
        guard loop.gateway.ledger.isHealthy else {
            throw GatewayError(
                .storageUnavailable, "The usage ledger cannot be written at the moment; please retry later.", source: .gateway,
                retry: .after(.seconds(1)))
        }
        return HeldCall(decided: self, callID: loop.identifiers.next("call_"))
    }
}

extension HeldCall {
    var incoming: IncomingCall { decided.admitted.incoming }
    var request: ChatRequest { decided.admitted.request }

    /// Commits the record of this call, whatever has become of it.
    /// - Throws: `storage_unavailable` when the answer must not be given because it could not be recorded.
    func settle(_ outcome: CallOutcome) async throws(GatewayError) {
        var record = UsageRecord(
            requestID: incoming.requestID, callID: callID, time: incoming.wallTime, requestedModel: request.model,
            priceVersion: decided.target.model.priceVersion, status: UsageRecord.Status(outcome.status))
        record.organization = decided.admitted.principal.organization
        record.team = decided.admitted.principal.team
        record.keyID = decided.admitted.principal.keyID
        record.user = request.user
        record.metadata =
            request.metadata.isEmpty ? [] : request.metadata.sorted { $0.key < $1.key }.map { UsageRecord.Tag($0.key, $0.value) }
        record.role = "primary"
        record.provider = decided.target.model.provider.name
        record.model = decided.target.model.name
        record.tokens = outcome.usage
        record.cost = outcome.cost
        record.latencyMicroseconds = outcome.latencyMicroseconds
        record.firstTokenMicroseconds = outcome.firstTokenMicroseconds
        record.errorCode = outcome.errorCode
        record.isStream = request.stream
        record.isEstimated = outcome.isEstimated
        do { try await incoming.loop.journal.commit(record) } catch { throw error.gatewayError }
    }
}

extension UsageRecord.Status {
    init(_ status: CallOutcome.Status) {
        self =
            switch status {
            case .ok: .ok
            case .error: .error
            case .timeout: .timeout
            case .canceled: .canceled
            case .cut: .cut
            }
    }
}

extension Duration {
    /// The duration in whole microseconds.
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
