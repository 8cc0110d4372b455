internal import Chat
internal import Classifier
internal import Core
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Limits
internal import Policies

extension DecodedRequest {
    /// Decides what to do: a pure function of the policies, the request and the state of the targets.
    /// - Throws: `model_not_found` with the nearest name, `model_not_allowed`, `max_cost_exceeded`, `no_healthy_upstream` …
    func decided() throws(GatewayError) -> DecidedRequest {
        do throws(DecisionFailure) {
            let features = features()
            let decision = try incoming.policies.snapshot.decide(features, allowed: principal, state: CurrentTargetState(incoming.policies))
            return DecidedRequest(admitted: self, plan: decision.plan, trace: decision.trace)
        } catch {
            throw explained(error)
        }
    }

    /// The error with the decision's trace, if the client requested an explanation.
    private func explained(_ failure: DecisionFailure) -> GatewayError {
        guard incoming.wantsExplanation else { return failure.error }
        var error = failure.error
        error.explanation = failure.trace.explanation(of: incoming.requestID)
        return error
    }

    /// The facts for the decision.
    private func features() -> RequestFeatures {
        let snapshot = incoming.policies.snapshot
        var features = RequestFeatures(request.facts)
        let needs = snapshot.needs(request.facts)
        if incoming.wantsExplanation || needs.contains(.classification) {
            features.classification = classification(by: snapshot.classifier)
        }
        // Settings may hold tools and schemas: they are read like the rest.
        features.facts.inputTokens.upperBound += request.facts.models.map { $0.settings?.count ?? 0 }.max() ?? 0
        for name in snapshot.headerNames {
            features.headers[name] = OwnFields.value(named: name, in: incoming.reply.head)
        }
        features.team = principal.team
        features.keyID = principal.keyID
        features.keyName = principal.keyName
        features.session = incoming.reply.text("x-session-id")
        features.facts.maxCost = maxCost
        if needs.contains(.budgetLeft), snapshot.hasLimits { features.budgetLeft = budgetLeft }
        features.wallTime = incoming.wallTime.microseconds / 1_000_000
        features.seed = Self.mixed(incoming.startTime.nanoseconds)
        return features
    }

    /// Nanoseconds as a number whose bits all look random: the finaliser of SplitMix64. The system's generator costs a system call.
    private static func mixed(_ time: UInt64) -> UInt64 {
        var bits = time &* 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// What is left of the tightest limit on money that applies to all models.
    private var budgetLeft: NanoUSD? {
        let headroom = limits.headroom(for: scopes, model: "", at: incoming.wallTime)
        return headroom.usd.map { NanoUSD(nanos: $0.left) }
    }

    private func classification(by classifier: Classifier) -> Classification? {
        // The body has been read before, so reading it again cannot fail.
        try? request.readConversation(incoming.loop.reader) { conversation in
            classifier.classify(
                ClassifierInput(system: conversation.system, lastUser: conversation.lastUser, userTurns: conversation.userTurns))
        }
    }
}
