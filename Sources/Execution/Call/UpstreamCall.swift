public import Chat
internal import EventLoop
internal import Ledger
public import Policies
internal import Providers
internal import Upstream

/// One call to a provider model, from its first byte to the facts for its record.
///
/// Read it either whole (`answer`) or as a stream (`open`, then `next` until it returns false). Afterwards, and after any error, `outcome` says
/// what it cost. Belongs to the loop of its executor.
public final class UpstreamCall {
    /// The model that was called.
    public let model: ModelEntry
    /// How the call ended; complete once `answer` has returned, or `next` has returned false, or an error has been thrown.
    public private(set) var outcome = CallOutcome()
    /// Whether the call is still going on.
    private(set) var isRunning = true

    private let transfer: any CallTransfer
    private let reader: JSONReader
    private let target: Target
    private let pricing: Pricing
    private let input: InputTokens
    /// What the target's health let the call through as.
    private let ticket: TargetHealth.Ticket
    private let context: AnswerContext
    /// How a stream stands; `nil` until one is opened.
    private var stream: ProviderStream?
    private var received: [UInt8] = []
    /// What went wrong in the same moment in which the first content came.
    private var deferredFailure: GatewayError?
    /// Bytes of a stream since its last content.
    private var silentBytes = 0
    /// When the first content of a stream came.
    private var firstContentTime: MonotonicTime?
    /// The usage of a whole answer that came where a stream was asked for.
    private var refusedUsage: TokenUsage?
    /// Bytes of an answer that is read whole.
    private var wholeBytes = 0
    /// Whether the answer has been read to its end and understood.
    private var isWhole = false
    /// Whether the provider has refused the call by a complete error answer: then it bills nothing.
    private var isRefused = false
    private let planned: PlannedCall

    /// - Parameters:
    ///   - planned: what is reserved for the call.
    ///   - context: how to read the answer, from the wire's translation of `request`.
    init(
        _ transfer: any CallTransfer, request: ChatRequest, planned: PlannedCall, context: AnswerContext, target: Target,
        ticket: TargetHealth.Ticket, reader: JSONReader
    ) {
        self.planned = planned
        self.transfer = transfer
        self.ticket = ticket
        self.context = context
        self.reader = reader
        self.target = target
        model = target.model
        // Models without a price are not served: the decision has seen to that.
        pricing = model.pricing ?? .unpriced
        input = request.inputTokens
    }

    // MARK: Whole answers

    /// Waits for the whole answer and returns its bytes with the cost added.
    /// - Throws: the provider's or the transport's failure.
    public func answer() async throws(GatewayError) -> [UInt8] {
        do throws(GatewayError) {
            let head = try await acceptedHead()
            guard !Self.isStream(head.contentType) else { throw Self.unrequestedStream }
            return try finished(try await wholeBody(), head.contentType)
        } catch {
            throw failed(error)
        }
    }

    // Out of line: what reading takes would make the frame of whoever waits for it larger.
    @inline(never)
    private func finished(_ body: [UInt8], _ contentType: String) throws(GatewayError) -> [UInt8] {
        if let error = Self.wrongKind(body, contentType) { throw error }
        let answer = try ProviderAnswer.read(body: body, context: context, reader: reader)
        isWhole = true
        settle(answer.usage, estimate: ownEstimate.raised(to: answer.reportedAtLeast))
        end(.success(firstByteMicroseconds: outcome.firstTokenMicroseconds))
        return answer.rendering(body, cost: outcome.cost, estimate: outcome.usage)
    }

    private func wholeBody() async throws(GatewayError) -> [UInt8] {
        var body: [UInt8] = []
        while try await receive() {
            wholeBytes += received.count
            // The usual answer comes in one piece: then it is taken over, not copied.
            if body.isEmpty { swap(&body, &received) } else { body.append(contentsOf: received) }
        }
        return body
    }

    // MARK: Streams

    /// Waits until the provider has begun a stream and its first content is there; before that nothing need be said to the client.
    /// - Parameter output: receives what to forward.
    /// - Returns: false when the stream is complete already.
    public func open(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        do throws(GatewayError) {
            let head = try await acceptedHead()
            guard context.api.streams(as: head.contentType) else { throw try await notStreamed(head.contentType) }
            beginStream()
            while output.isEmpty { guard try await advance(&output) else { return false } }
            return true
        } catch {
            // Content that came together with the fault is content: it commits, and the fault is told behind it.
            guard stream?.progress ?? 0 > 0, !output.isEmpty, error.code != .clientClosedRequest else { throw failed(error) }
            deferredFailure = error
            return true
        }
    }

    /// Waits for more of the stream and appends what is to be forwarded to `output`: whole events, never the final `[DONE]`.
    /// - Returns: false when the stream is complete; `output` may hold its last events.
    public func next(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        do throws(GatewayError) {
            if let deferredFailure { throw deferredFailure }
            return try await advance(&output)
        } catch { throw failed(error) }
    }

    @inline(never)
    private func beginStream() {
        stream = ProviderStream(context, pricing: pricing)
        transfer.countOnlyProgress()
    }

    /// What came instead of a stream: an error says what it is, a whole answer what it has used.
    private func notStreamed(_ contentType: String) async throws(GatewayError) -> GatewayError {
        guard contentType.hasSuffix("json") else { return Self.notAStream }
        let body = try await wholeBody()
        do throws(GatewayError) {
            refusedUsage = try ProviderAnswer.read(body: body, context: context, reader: reader).usage
            return Self.notAStream
        } catch { return error.publicMessage == ProviderFailure.unusableMessage ? Self.notAStream : error }
    }

    private func advance(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        do throws(GatewayError) { guard try await receive() else { return try atEnd(&output) } } catch {
            // A connection that breaks behind the answer takes nothing away from it.
            guard stream?.isWhole == true, error.code != .clientClosedRequest else { throw error }
            return try atEnd(&output)
        }
        return try passOn(&output)
    }

    @inline(never)
    private func atEnd(_ output: inout [UInt8]) throws(GatewayError) -> Bool {
        switch stream?.end(reader: reader, into: &output) {
        case .complete: return complete(&output)
        case .failed(let error): throw error
        case .truncated, nil: throw Self.truncated
        }
    }

    @inline(never)
    private func passOn(_ output: inout [UInt8]) throws(GatewayError) -> Bool {
        // What was large once need not stay so while the client reads.
        let progress = stream?.progress
        silentBytes += received.count
        defer {
            received.removeAll(keepingCapacity: received.capacity <= Self.keptCapacity)
            if stream?.progress != progress { noteProgress() }
        }
        switch stream?.feed(received, reader: reader, into: &output) {
        case .open:
            guard silentBytes > Self.longestSilence, stream?.progress == progress else { return true }
            // Behind the whole answer nothing more is needed.
            guard stream?.isWhole == true else { throw Self.emptyStream }
            return try atEnd(&output)
        case .failed(let error): throw error
        case .done: return complete(&output)
        case nil: throw Self.truncated
        }
    }

    private func noteProgress() {
        transfer.madeProgress()
        silentBytes = 0
        if firstContentTime == nil { firstContentTime = .now() }
    }

    /// Bytes that an emptied buffer of a stream keeps.
    private static let keptCapacity = 8 * 1024

    private func complete(_ output: inout [UInt8]) -> Bool {
        transfer.release()
        isWhole = true
        settle(stream?.usage, estimate: ownEstimate.raised(to: stream?.reportedAtLeast))
        end(.success(firstByteMicroseconds: outcome.firstTokenMicroseconds))
        if stream?.lacksUsage == true { stream?.appendUsage(outcome.usage, to: &output) }
        return false
    }

    private var contentEvents: Int { stream?.contentEvents ?? 0 }
    private var textBytes: Int { stream?.textBytes ?? 0 }

    /// What is likely to have been used, rounded upward, but not beyond what was reserved.
    private var ownEstimate: TokenUsage {
        var usage = TokenEstimate.usage(input, outputBytes: wholeBytes + textBytes)
        usage.input = min(usage.input, planned.extent.input)
        if !planned.isOutputAssumed { usage.output = max(leastOutputSoFar, min(usage.output, planned.allOutput)) }
        return usage
    }

    /// When the call began.
    var startTime: MonotonicTime { transfer.startTime }

    /// How long the provider has been at work so far, in microseconds.
    public var elapsedMicroseconds: Int64 { MonotonicTime.now().microseconds(since: transfer.startTime) }

    /// Appends an event of the gateway to a stream: a chunk without choices that has one member.
    /// - Parameter json: the member's value, without line ends.
    public func appendChunk(_ member: StaticString, _ json: [UInt8], to output: inout [UInt8]) {
        stream?.appendChunk(member, to: &output) { $0.append(contentsOf: json) }
    }

    /// Lower bound of the output tokens of a stream so far, all choices together. Long answers average at most 16 bytes per token; short ones may
    /// exceed that. An event is a token at most providers, but a proxy may send a token in several: only as many count as have 8 bytes each.
    var leastOutputSoFar: Int64 {
        let bytes = textBytes - 256
        return Int64(max(0, bytes / 16, min(contentEvents, bytes / 8)))
    }

    /// Ends a stream before its end, because nothing more of it can be paid: in good order, with `finish_reason` `length`.
    public func cut(_ output: inout [UInt8], because reason: GatewayError) {
        transfer.cancel()
        outcome.status = .cut
        outcome.errorCode = reason.code.name
        settleUnfinished()
        end(.none)
        stream?.appendLength(to: &output)
        if context.wantsUsageChunk { stream?.appendUsage(outcome.usage, to: &output) }
    }

    // MARK: Endings

    /// Gives the call up because the client left. One that is over stays what it has come to.
    /// - Returns: the error to end with.
    @discardableResult
    public func cancel() -> GatewayError { isRunning ? failed(.clientLeft) : .clientLeft }

    private func acceptedHead() async throws(GatewayError) -> UpstreamHead {
        let head: UpstreamHead
        do { head = try await transfer.head() } catch { throw GatewayError(error, heldUpByClient: transfer.waitedForConsumer) }
        if head.status == 200 { return head }
        let body = try await wholeBody()
        // Behind a gateway that gave up, the provider may go on; what is accepted is no refusal.
        isRefused = !(200...299).contains(head.status) && ![504, 524].contains(head.status)
        throw ProviderFailure.read(
            api: context.api, status: head.status, body: body, retryAfter: RetryAfter.duration(head), reader: reader)
    }

    private func receive() async throws(GatewayError) -> Bool {
        do { return try await transfer.nextBytes(&received) } catch {
            throw GatewayError(error, heldUpByClient: transfer.waitedForConsumer)
        }
    }

    private func settle(_ usage: TokenUsage?, estimate: @autoclosure () -> TokenUsage) {
        outcome.isEstimated = usage == nil
        outcome.usage = usage ?? estimate()
        outcome.cost = pricing.cost(of: outcome.usage)
        if usage == nil { noteDoubt() }
        measure()
    }

    /// Takes down what the provider may bill beyond the estimate: the reserved input, and the output that was reserved where none can be seen.
    @inline(never)
    private func noteDoubt() {
        let isSeen = (isWhole || stream != nil) && !planned.thinksUnseen
        // A token has one byte or more. What was on its way when the connection was closed may be billed too.
        let seen = max(outcome.usage.output, Int64(wholeBytes + textBytes) + (isWhole ? 0 : Self.outputUnderWay))
        let most = planned.bound(output: isSeen ? min(seen, planned.allOutput) : planned.allOutput)
        outcome.inDoubt = max(.zero, most.usd - outcome.cost)
        outcome.inDoubtTokens = max(0, most.tokens - outcome.usage.input - outcome.usage.output)
    }

    /// Output tokens that may be under way between a provider and the gateway.
    private static let outputUnderWay: Int64 = 1_024

    /// Settles a call without an end. What was reported along the way leaves out what came after: it is a lower bound.
    private func settleUnfinished() {
        let reported = stream?.finalUsage ?? refusedUsage
        // Nothing tells whether the call was worked on: all of it is in doubt.
        if stream == nil, reported == nil, outcome.status == .error, wholeBytes == 0 {
            outcome.isEstimated = true
            noteDoubt()
            return measure()
        }
        settle(reported, estimate: ownEstimate.raised(to: stream?.reportedAtLeast))
    }

    /// Takes down how the call failed. What the provider may bill all the same is estimated, and the rest of what was reserved is in doubt; a
    /// definite refusal costs nothing.
    @inline(never)
    private func failed(_ error: GatewayError) -> GatewayError {
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

    /// Tells the target's health how it went, once.
    private func end(_ verdict: TargetHealth.Verdict) {
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
