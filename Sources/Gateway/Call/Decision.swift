internal import Chat
internal import Classifier
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension AdmittedCall {
    /// Decides what to do: a pure function of the policies, the request and the state of the targets.
    /// - Throws: `model_not_found` with the nearest name, `model_not_allowed`, `max_cost_exceeded`, `no_healthy_upstream` …
    func decided() throws(GatewayError) -> DecidedCall {
        do throws(DecisionFailure) {
            let features = features()
            let decision = try incoming.policies.snapshot.decide(features, allowed: principal, state: CurrentTargetState(incoming.policies))
            return DecidedCall(admitted: self, plan: decision.plan, trace: decision.trace)
        } catch {
            throw explained(error)
        }
    }

    /// The error with the decision's trace, for who asked for it.
    private func explained(_ failure: DecisionFailure) -> GatewayError {
        guard incoming.wantsExplanation else { return failure.error }
        var error = failure.error
        error.explanation = failure.trace.explanation(of: incoming.requestID)
        return error
    }

    /// What the decision may look at.
    private func features() -> RequestFeatures {
        let snapshot = incoming.policies.snapshot
        var features = RequestFeatures(requestedModels: request.models.map(\.name))
        features.requestedSettings = request.models.map(\.settings)
        if incoming.wantsExplanation || snapshot.needsClassification(features.requestedModels) {
            features.classification = classification(by: snapshot.classifier)
        }
        features.inputTokens = request.inputTokens
        features.hasTools = request.hasTools
        features.hasImages = request.imageCount > 0
        features.wantsStructuredOutput = request.wantsStructuredOutput
        features.stream = request.stream
        features.choices = request.choices
        features.maxOutputTokens = request.maxOutputTokens
        features.metadata = request.metadata
        for name in snapshot.headerNames {
            features.headers[name] = incoming.exchange.head.fields.first(named: name).map { String(decoding: $0, as: UTF8.self) }
        }
        features.user = request.user
        features.team = principal.team
        features.keyID = principal.keyID
        features.keyName = principal.keyName
        features.session = incoming.exchange.head.string("x-session-id")
        features.maxCost = maxCost
        features.wallTime = incoming.wallTime.microseconds / 1_000_000
        features.seed = UInt64.random(in: .min ... .max)
        return features
    }

    private func classification(by classifier: Classifier) -> Classification? {
        // The body has been read before, so reading it again cannot fail.
        try? request.readConversation(incoming.loop.reader) { conversation in
            classifier.classify(
                ClassifierInput(system: conversation.system, lastUser: conversation.lastUser, userTurns: conversation.userTurns))
        }
    }
}
