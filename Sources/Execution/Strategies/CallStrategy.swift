public import Chat
internal import Core
internal import EventLoop
internal import Ledger
internal import Limits
internal import Policies
internal import Providers

/// One target: calls to it, and when to call it again.
extension PlanRun {
    /// Calls a target, and again where its provider's policy, its retry budget and the time that is left allow it.
    func call(_ planned: PlannedCall, _ node: Node) async throws(GatewayError) -> StartedAnswer {
        guard let target = policies.target(planned.model) else {
            throw GatewayError(.noHealthyUpstream, "The provider of \(planned.model.name) is off.", source: .gateway, retry: .nextTarget)
        }
        target.retries.noteRequest(of: team)
        let window = CallWindow(planned, target, deadline: deadline, at: .now())
        var node = node
        var tries = 0
        var failure: GatewayError?
        var detour = RefusalDetour(target, at: .now())
        while true {
            do throws(GatewayError) {
                let started = try await tryOnce(planned, target, node, within: window, without: detour.refused)
                detour.succeeded(at: .now())
                return started
            } catch {
                if detour.goesOn(after: error) {
                    if Task.isCancelled { throw GatewayError.clientLeft }
                    failure = Self.moreInformative(failure, error)
                    node = node.again
                    continue
                }
                tries += 1
                // The provider's earlier answer is more informative than the fact that a retry was not covered.
                let moreInformative = Self.moreInformative(failure, error)
                failure = moreInformative
                guard node.mayRetry, let pause = pause(after: error, tries: tries, target, within: window) else { throw moreInformative }
                await executor.loop.sleep(until: .now() + pause)
                if Task.isCancelled { throw GatewayError.clientLeft }
                node = node.again
            }
        }
    }

    /// How long to wait before the same target is called again; `nil` when it is not to be.
    ///
    /// Exponential backoff with full jitter, as in "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015). If the target names a
    /// time, that time is used.
    private func pause(after error: GatewayError, tries: Int, _ target: Target, within window: CallWindow) -> Duration? {
        let rules = target.model.provider.retry
        guard tries < rules.attempts, let failure = error.retriableFailure, rules.on.contains(failure) else { return nil }
        let pause: Duration
        if case .after(let asked) = error.retry {
            pause = asked
        } else {
            let ceiling = rules.backoff * (1 << min(tries - 1, 10))
            pause = ceiling * Double.random(in: 0...1)
        }
        let now = MonotonicTime.now()
        guard pause <= Self.longestPause, now + pause < window.end, target.retries.takeOne(for: team, at: now) else { return nil }
        return pause
    }

    /// The longest pause before a retry; a retry that needs a longer one is not made.
    static let longestPause = Duration.seconds(10)

    /// One call.
    private func tryOnce(
        _ planned: PlannedCall, _ target: Target, _ node: Node, within window: CallWindow, without refused: Additions
    ) async throws(GatewayError) -> StartedAnswer {
        let now = MonotonicTime.now()
        guard now < deadline else { throw Self.outOfTime }
        guard now < window.end else { throw .outOfTime }
        try checkCovered(planned, node)
        let prober = CircuitBreaker.Prober(caller: caller, team: team, isPatient: window.isPatient(at: now, target))
        if let unavailability = target.health.unavailability(at: now, for: prober) { throw skip(planned, node, unavailability, at: now) }
        let place = try await place(planned, target, node, within: window)
        // What is reserved is counted from the bytes that will be sent, so they are made first.
        let origin = planned
        let terms = try terms(planned, node)
        var outgoing = try outgoing(terms?.call ?? planned, node.question, target, terms, without: refused)
        try checkCovered(outgoing.planned, node)
        let covered = try await cover(outgoing.planned, of: origin, node)
        let ticket: TargetHealth.Ticket
        do throws(GatewayError) {
            // With less room than a moment ago the call has a lower limit of output.
            if let covered, covered.call.maxOutputTokens != outgoing.planned.maxOutputTokens {
                outgoing = try self.outgoing(covered.call, node.question, target, covered, without: refused)
            }
            switch target.health.begin(at: .now(), as: prober) {
            case .success(let given): ticket = given
            case .failure(let unavailability): throw skip(origin, node, unavailability, at: now)
            }
        } catch {
            if let covered { envelope?.giveBack(covered) }
            throw error
        }
        try await settleEndedCalls(before: ticket, target, covered)
        return try await send(outgoing, target, node, covered: covered, CallPermit(window: window, ticket: ticket, place: place))
    }

    /// What is about to be sent, and the call with all the input that it has.
    // A class, because it is large and lives while the call waits for room.
    private final class Outgoing {
        let request: ChatRequest
        let translated: ProviderRequest
        let planned: PlannedCall

        init(request: ChatRequest, translated: ProviderRequest, planned: PlannedCall) {
            (self.request, self.translated, self.planned) = (request, translated, planned)
        }
    }

    /// Makes what is to be sent.
    /// - Throws: `invalid_request_error` when the target's API cannot express the request, or its bound on money does not cover it.
    @inline(never)
    private func outgoing(
        _ planned: PlannedCall, _ question: Question, _ target: Target, _ terms: CoveredCall?, without refused: Additions
    ) throws(GatewayError) -> Outgoing {
        let needsPrices = question.allowance != nil || terms?.needsPrices == true
        let request = try request(question.request, for: planned, target, needsPrices: needsPrices)
        let limit = try outputLimit(of: planned, for: request)
        let translated = try executor.translate(request, for: target, outputLimit: limit, without: refused)
        let input = target.model.inputTokens(translated.inputBound)
        return Outgoing(
            request: request, translated: translated, planned: planned.covering(input: input, target.model.priced(request.facts.demands)))
    }

    private func skip(
        _ planned: PlannedCall, _ node: Node, _ unavailability: TargetHealth.Unavailability, at now: MonotonicTime
    ) -> GatewayError {
        note(.skipped(because: unavailability.reason), to: planned.model, for: node)
        return unavailability.error(planned.model, at: now)
    }

    /// What the limits on the call's model say.
    private func terms(_ planned: PlannedCall, _ node: Node) throws(GatewayError) -> CoveredCall? {
        do throws(GatewayError) { return try envelope?.terms(planned) } catch { throw refused(planned, node, error) }
    }

    /// Reserves money for the call in the limits of the organization. What calls that are over have left goes to this one first.
    private func cover(_ planned: PlannedCall, of origin: PlannedCall, _ node: Node) async throws(GatewayError) -> CoveredCall? {
        guard let envelope else { return nil }
        let ended = attempts.compactMap { $0.takeCharge() }
        do throws(GatewayError) { return try await envelope.cover(planned, of: origin, after: ended) } catch {
            throw refused(planned, node, error)
        }
    }

    /// Records calls that are over, once it is certain that another one follows: the last record of a request is the one that ends its hold.
    private func settleEndedCalls(before ticket: TargetHealth.Ticket, _ target: Target, _ covered: CoveredCall?) async throws(GatewayError)
    {
        guard envelope != nil, attempts.contains(where: \.isDue) else { return }
        do throws(GatewayError) { try await settleEnded() } catch {
            target.health.ended(.none, ticket, at: .now())
            if let covered { envelope?.giveBack(covered) }
            throw error
        }
    }

    private func refused(_ planned: PlannedCall, _ node: Node, _ error: GatewayError) -> GatewayError {
        note(.skipped(because: "a limit does not cover it: \(error.code.name)"), to: planned.model, for: node)
        refusals.append(Envelope.Refusal(origin: planned, need: Spending(planned), error: error))
        return error
    }

    private func send(
        _ outgoing: Outgoing, _ target: Target, _ node: Node, covered: CoveredCall?, _ permit: CallPermit
    ) async throws(GatewayError) -> StartedAnswer {
        let call: UpstreamCall
        do throws(GatewayError) {
            call = try executor.start(
                outgoing.translated, outgoing.request.facts.inputTokens, as: node.question.form, planned: outgoing.planned, on: target,
                permit)
        } catch {
            target.health.ended(.none, permit.ticket, at: .now())
            if let covered { envelope?.giveBack(covered) }
            throw error
        }
        call.codeOfExcess = codeOfExcess(covered, node.question, target)
        note(.call(call, cover: covered?.cover), to: target.model, for: node)
        let answer = StartedAnswer(call)
        if outgoing.request.facts.stream {
            answer.goesOn = try await call.open(&answer.events)
        } else {
            answer.whole = try await call.answer()
        }
        return answer
    }

    /// The code with which a stream ends if the provider sends more than was allowed; `nil` if no bound on money or tokens was sent with it: limits on
    /// requests, and on what is under way, bound no output; nor does a ceiling that of a model that costs nothing.
    private func codeOfExcess(_ covered: CoveredCall?, _ question: Question, _ target: Target) -> GatewayError.Code? {
        if covered?.boundsOutput == true { return .budgetExceeded }
        guard question.allowance != nil, case .listed? = target.model.pricing else { return nil }
        return .maxCostExceeded
    }

    /// Makes sure that a call's share of the money covers it.
    private func checkCovered(_ planned: PlannedCall, _ node: Node) throws(GatewayError) {
        guard !isCovered(planned, for: node.question) else { return }
        note(.skipped(because: "what is left of max_cost does not cover it"), to: planned.model, for: node)
        throw Self.outOfMoney(planned.model)
    }

    private static func outOfMoney(_ model: ModelEntry) -> GatewayError {
        GatewayError(
            .maxCostExceeded, "What the attempts so far have left of max_cost does not cover a call to \(model.name).", retry: .nextTarget)
    }

    /// The request as the target is to see it.
    /// - Throws: `invalid_request_error` when it asks for what its bound on money does not cover.
    private func request(
        _ asked: ChatRequest, for planned: PlannedCall, _ target: Target, needsPrices: Bool
    ) throws(GatewayError) -> ChatRequest {
        var request = asked
        if let settings = planned.settings { request = try request.edited(RequestEdit(settings: settings), reader: executor.reader) }
        guard target.api.passesBodies, needsPrices, case .listed? = planned.model.pricing else {
            return request
        }
        if let variant = planned.model.surchargedVariant { throw Self.surchargedModel(variant) }
        guard let member = request.surcharge ?? planned.model.unpricedMember(request.facts.demands) else { return request }
        throw GatewayError(
            .invalidRequest,
            "'\(member)' can cost more than the tokens that prices are known for, so neither max_cost nor a budget can be kept. "
                + "Leave it out, or ask whoever runs the gateway for a key without a budget.", param: member)
    }

    private static func surchargedModel(_ variant: String) -> GatewayError {
        GatewayError(
            .invalidRequest,
            "A model with '\(variant)' in its name can cost more than the tokens that prices are known for, so neither max_cost nor "
                + "a budget can be kept. Ask for the model without it, or have the model listed in the policy with its price.",
            param: "model")
    }

    /// The limit of output to send. Settings of a model may ask for less than was counted with, never for more: what is reserved would not
    /// cover it.
    private func outputLimit(of planned: PlannedCall, for request: ChatRequest) throws(GatewayError) -> Int64? {
        guard planned.settings != nil else { return planned.maxOutputTokens }
        guard Int64(request.facts.choices) <= planned.extent.choices else {
            throw GatewayError(.invalidRequest, "Settings of a model cannot raise 'n'; set it for the whole request.", param: "model")
        }
        let asksForMore = request.facts.maxOutputTokens.map { $0 > planned.extent.output } ?? false
        return asksForMore ? planned.extent.output : planned.maxOutputTokens.map { min($0, request.facts.maxOutputTokens ?? .max) }
    }

    static let outOfTime = GatewayError(
        .upstreamTimeout, "There was no answer within x-purser-timeout.", source: .upstream, retry: .never)
}

extension GatewayError {
    /// What kind of failure it was, in the words of retry rules; `nil` when trying the same target again cannot help.
    fileprivate var retriableFailure: RetryRules.Causes? {
        // What one request's own deadline or size ends is not tried again at the provider's expense.
        if self.isOfOneRequest { return nil }
        if self.wasNeverSent { return .connect }
        return switch (self.code, self.retry) {
        case (.upstreamTimeout, _): .timeout
        case (.upstreamRateLimited, _): .rateLimit
        case (.upstreamError, .sameTarget): .serverError
        default: nil
        }
    }
}

extension GatewayError {
    /// The client has left, so no answer can be sent.
    public static let clientLeft = GatewayError(.clientClosedRequest, "The client left before the answer was complete.", source: .client)
}
