internal import Chat
internal import Core
internal import EventLoop
internal import Ledger
internal import Policies
internal import Providers
internal import Upstream

/// One call to a provider model, from its first byte to the facts for its record.
///
/// Read it either whole (`answer`) or as a stream (`open`, then `next` until it returns false). Afterwards, and after any error, `outcome` says
/// what it cost. Belongs to the loop of its executor.
final class UpstreamCall: AnswerSource {
    /// The model that was called.
    let model: ModelEntry
    /// How the call ended; complete once `answer` has returned, or `next` has returned false, or an error has been thrown.
    var outcome = CallOutcome()
    /// Whether the call is still going on.
    private(set) var isRunning = true

    let transfer: any CallTransfer
    let reader: JSONReader
    private let target: Target
    let cost: CallCost
    /// What the target's health let the call through as.
    private let ticket: TargetHealth.Ticket
    let context: AnswerContext
    let form: AnswerForm
    /// The code with which its stream ends if the provider sends more than was allowed; `nil` if no bound on money or tokens was sent with
    /// it.
    var codeOfExcess: GatewayError.Code?
    /// How a stream stands; `nil` until one is opened.
    var stream: ProviderStream?
    var received: [UInt8] = []
    /// What went wrong in the same moment in which the first content came.
    var deferredFailure: GatewayError?
    /// Bytes of a stream since its last content.
    var silentBytes = 0
    /// When the first content of a stream came.
    var firstContentTime: MonotonicTime?
    /// The usage of a whole answer that came where a stream was asked for.
    var refusedUsage: TokenUsage?
    /// Bytes of an answer that is read whole.
    private var wholeBytes = 0
    /// Whether the answer has been read to its end and understood.
    var isWhole = false
    /// Whether the provider has refused the call by a complete error answer: then it bills nothing.
    private var isRefused = false

    /// - Parameters:
    ///   - input: the estimate of its input.
    ///   - form: what becomes of the answer.
    ///   - planned: what is reserved for the call.
    ///   - context: how to read the answer, from the wire's translation of the request.
    init(
        _ transfer: any CallTransfer, input: InputTokens, as form: AnswerForm, planned: PlannedCall, context: AnswerContext,
        target: Target, ticket: TargetHealth.Ticket, reader: JSONReader
    ) {
        self.form = form
        self.transfer = transfer
        self.ticket = ticket
        self.context = context
        self.reader = reader
        self.target = target
        model = target.model
        // Models without a price are not served: the decision has seen to that.
        cost = CallCost(planned: planned, pricing: model.pricing ?? .unpriced, input: input)
    }

    // MARK: Whole answers

    /// Waits for the whole answer and returns it with its bill.
    /// - Throws: the provider's or the transport's failure.
    func answer() async throws(GatewayError) -> WholeAnswer {
        do throws(GatewayError) {
            let head = try await acceptedHead()
            guard !Self.isStream(head.contentType) else { throw Self.unrequestedStream }
            return try finished(try await wholeBody(), head.contentType)
        } catch {
            throw failed(error)
        }
    }

    // Out of line: the variables that reading needs would enlarge the frame of the suspended caller.
    @inline(never)
    private func finished(_ body: [UInt8], _ contentType: String) throws(GatewayError) -> WholeAnswer {
        if let error = Self.wrongKind(body, contentType) { throw error }
        let answer = try ProviderAnswer.read(body: body, context: context, reader: reader)
        isWhole = true
        settle(answer.usage, atLeast: answer.reportedAtLeast)
        end(.success(firstByteMicroseconds: outcome.firstTokenMicroseconds))
        if form.passesChatCompletions { return answer.billed(body, cost: outcome.cost, estimate: outcome.usage) }
        return .captured(answer.captured(body, context, cost: outcome.cost, estimate: outcome.usage, reader: reader))
    }

    func wholeBody() async throws(GatewayError) -> [UInt8] {
        var body: [UInt8] = []
        while try await receive() {
            wholeBytes += received.count
            // The usual answer comes in one piece: then it is taken over, not copied.
            if body.isEmpty { swap(&body, &received) } else { body.append(contentsOf: received) }
        }
        return body
    }

    private var contentEvents: Int { stream?.contentEvents ?? 0 }
    private var textBytes: Int { stream?.textBytes ?? 0 }

    /// What has been seen of the answer.
    private var seen: CallCost.Seen {
        CallCost.Seen(wholeBytes: wholeBytes, textBytes: textBytes, events: contentEvents, isStream: stream != nil, isWhole: isWhole)
    }

    /// When the call began.
    var startTime: MonotonicTime { transfer.startTime }

    var writer: (any AnswerWriter)? { stream?.writer }

    var upstreamMicroseconds: Int64 {
        outcome.latencyMicroseconds > 0 ? outcome.latencyMicroseconds : MonotonicTime.now().microseconds(since: transfer.startTime)
    }

    /// Lower bound of the output tokens of a stream so far, all choices together.
    var leastOutputSoFar: Int64 { seen.leastOutput }

    // MARK: Endings

    // A call that is over keeps its outcome.
    @discardableResult
    func cancel() -> GatewayError { isRunning ? failed(.clientLeft) : .clientLeft }

    func acceptedHead() async throws(GatewayError) -> UpstreamHead {
        let head: UpstreamHead
        do { head = try await transfer.head() } catch { throw GatewayError(error, heldUpByClient: transfer.waitedForConsumer) }
        if head.status == 200 { return head }
        let body = try await wholeBody()
        // When a gateway in between gave up, the provider may still be working; a success status is not a refusal.
        isRefused = !(200...299).contains(head.status) && ![504, 524].contains(head.status)
        throw ProviderFailure.read(
            api: context.api, status: head.status, body: body, retryAfter: RetryAfter.duration(head), reader: reader)
    }

    func receive() async throws(GatewayError) -> Bool {
        do { return try await transfer.nextBytes(&received) } catch {
            throw GatewayError(error, heldUpByClient: transfer.waitedForConsumer)
        }
    }

    /// - Parameters:
    ///   - usage: what the provider reports as final; `nil` when it does not, or is not believed.
    ///   - least: what it has reported at least.
    func settle(_ usage: TokenUsage?, atLeast least: TokenUsage?) {
        cost.settle(&outcome, usage, atLeast: least, seen)
        measure()
    }

    /// Settles a call without an end. What was reported along the way leaves out what came after: it is a lower bound.
    func settleUnfinished() {
        let reported = stream?.finalUsage ?? refusedUsage
        // Nothing tells whether the call was worked on: all of it is in doubt.
        if stream == nil, reported == nil, outcome.status == .error, wholeBytes == 0 {
            cost.settleInDoubt(&outcome, seen)
            return measure()
        }
        settle(reported, atLeast: stream?.reportedAtLeast)
    }

    /// Records how the call failed. What the provider may bill despite the failure is estimated, and the rest of what was reserved is in
    /// doubt; a definite refusal costs nothing.
    @inline(never)
    func failed(_ error: GatewayError) -> GatewayError {
        var error = error
        transfer.cancel()
        outcome.errorCode = error.code.name
        outcome.status =
            switch error.code {
            case .clientClosedRequest: .canceled
            case .upstreamTimeout: .timeout
            default: contentEvents > 0 ? .cut : .error
            }
        if transfer.wasSent, !isRefused, !isRefusalInside(error) { settleUnfinished() } else { measure() }
        end(TargetHealth.Verdict(error))
        noteRefusedAdditions(&error)
        return target.scrubber.scrubbed(error)
    }

    /// A request that is refused because of the gateway's additions is not wrong: another target may take it.
    private func noteRefusedAdditions(_ error: inout GatewayError) {
        guard contentEvents == 0, error.passThrough != nil else { return }
        let refused = RefusedAdditions.named(by: error, in: context.additions, reader: reader)
        guard !refused.isEmpty else { return }
        error.refusedAdditions = refused.rawValue
        if error.retry == .never { error.retry = .nextTarget }
    }

    /// Whether a provider has refused a call inside an answer with status 200, before any content.
    private func isRefusalInside(_ error: GatewayError) -> Bool {
        guard transfer.status == 200, textBytes == 0, contentEvents == 0, error.code != .clientClosedRequest else { return false }
        return error.source == .client || error.code == .upstreamRateLimited
    }

    /// Reports the result of the call to the target's health, once.
    func end(_ verdict: TargetHealth.Verdict) {
        guard isRunning else { return }
        isRunning = false
        target.health.ended(verdict, ticket, at: .now())
    }

    private func measure() {
        let now = MonotonicTime.now()
        outcome.latencyMicroseconds = now.microseconds(since: transfer.startTime)
        // A stream that came in one piece has its first content at its end.
        let firstTime = stream == nil ? transfer.firstByteTime : firstContentTime ?? (contentEvents > 0 ? now : nil)
        outcome.firstTokenMicroseconds = firstTime.map { $0.microseconds(since: transfer.startTime) }
    }
}
