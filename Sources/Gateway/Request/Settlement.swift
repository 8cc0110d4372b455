internal import Chat
internal import Classifier
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension ReservedRequest {
    /// Commits the record of every call that is over and has none yet, in the order of their beginnings, and charges the envelope with it.
    /// - Parameter isOver: whether the request is over: then the envelope is closed, and what it still holds goes back.
    /// - Throws: `storage_unavailable` when the answer must not be given because it could not be recorded.
    func settle(isOver: Bool) async throws(GatewayError) {
        let due = run.attempts.indices.filter { run.attempts[$0].isDue }
        defer { if isOver { run.envelope?.close(wasUsed: run.callCount > 0) } }
        var failure: GatewayError?
        for index in due {
            run.attempts[index].isSettled = true
            guard let record = record(ofAttempt: index, settlesHold: isOver && index == due.last) else { continue }
            // What cannot be recorded was spent all the same: the limits count it.
            var mark: JournalMark?
            do { mark = try await incoming.loop.journal.commit(record) } catch { failure = failure ?? error.gatewayError }
            guard let envelope = run.envelope else {
                count(record, mark)
                continue
            }
            guard let charge = run.attempts[index].takeCharge() else { continue }
            if failure == nil, !record.settlesHold {
                do throws(GatewayError) { try await envelope.chargeRecorded(charge, record: mark) } catch { failure = error }
            } else {
                envelope.charge(charge, record: mark)
            }
        }
        if let failure { throw failure }
        if isOver, due.isEmpty, let envelope = run.envelope, !envelope.isClosed { try await envelope.releaseInJournal() }
    }

    /// Counts a call of a request that no limit bound when it began: one may by now.
    @inline(never)
    private func count(_ record: UsageRecord, _ mark: JournalMark?) {
        var past = PastSpending(
            decided.admitted.scopes, model: record.model ?? record.requestedModel, time: record.time, amount: Spending(record))
        past.doubt = Spending(usd: record.inDoubt, tokens: record.inDoubtTokens)
        decided.admitted.principal.limits(in: incoming.loop.gateway.budgets).count(past, record: mark, at: .now)
    }

    @inline(never)
    private func record(ofAttempt index: Int, settlesHold: Bool) -> UsageRecord? {
        let attempt = run.attempts[index]
        guard let outcome = attempt.outcome else { return nil }
        // The first call has the name of the hold, if there is one.
        let ownName = run.attempts.firstIndex { $0.skippedBecause == nil } == index ? run.envelope?.id : nil
        let callID = ownName ?? incoming.loop.identifiers.next("call_")
        var record = UsageRecord(
            requestID: incoming.requestID, callID: callID, time: incoming.wallTime(of: attempt.startTime), requestedModel: request.model,
            priceVersion: attempt.model.priceVersion(at: outcome.usage.tier), status: UsageRecord.Status(outcome.status))
        describeRequest(in: &record)
        record.role = attempt.role.rawValue
        record.provider = attempt.model.provider.name
        record.model = attempt.model.name
        record.tokens = outcome.usage
        record.cost = outcome.cost
        record.inDoubt = outcome.inDoubt
        record.inDoubtTokens = outcome.inDoubtTokens
        record.latencyMicroseconds = outcome.latencyMicroseconds
        record.firstTokenMicroseconds = outcome.firstTokenMicroseconds
        record.errorCode = outcome.errorCode
        record.isEstimated = outcome.isEstimated
        record.hold = run.envelope?.id
        record.settlesHold = settlesHold
        return record
    }

    private func describeRequest(in record: inout UsageRecord) {
        record.organization = decided.admitted.principal.organization
        record.team = decided.admitted.principal.team
        record.keyID = decided.admitted.principal.keyID
        record.user = request.user
        record.metadata =
            request.metadata.isEmpty ? [] : request.metadata.sorted { $0.key < $1.key }.map { UsageRecord.Tag($0.key, $0.value) }
        record.isStream = request.stream
        decided.trace.describe(in: &record)
    }
}

extension DecisionTrace {
    /// Takes down how the decision was made.
    fileprivate func describe(in record: inout UsageRecord) {
        record.route = route
        record.task = features.classification?.task.rawValue
        record.complexity = features.classification?.complexity.rawValue
        record.experiment = experiment
        record.arm = arm
    }
}

extension IncomingRequest {
    /// The wall clock at a moment of this request.
    fileprivate func wallTime(of moment: MonotonicTime) -> WallTime {
        WallTime(microseconds: wallTime.microseconds + moment.microseconds(since: startTime))
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
