internal import Chat
internal import Classifier
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension HeldCall {
    /// Commits the record of every call that is over and has none yet, in the order of their beginnings, and charges the envelope with it.
    /// - Parameter isOver: whether the request is over: then the envelope is closed, and what it still holds goes back.
    /// - Throws: `storage_unavailable` when the answer must not be given because it could not be recorded.
    func settle(isOver: Bool) async throws(GatewayError) {
        let due = run.attempts.indices.filter { run.attempts[$0].isDue }
        defer { if isOver { run.envelope?.close(wasUsed: run.callCount > 0) } }
        for index in due {
            let attempt = run.attempts[index]
            guard let outcome = attempt.outcome else { continue }
            run.attempts[index].isSettled = true
            var record = record(ofAttempt: index, outcome)
            record.hold = run.envelope?.id
            record.settlesHold = isOver && index == due.last
            defer { charge(attempt, outcome) }
            do { try await incoming.loop.journal.commit(record) } catch { throw error.gatewayError }
            if !record.settlesHold, let cover = attempt.cover {
                try await run.envelope?.willCharge(outcome.cost, tokens: outcome.usage.input + outcome.usage.output, cover: cover)
            }
        }
        if isOver, due.isEmpty, let envelope = run.envelope, !envelope.isClosed { try await envelope.releaseInJournal() }
    }

    private func charge(_ attempt: Attempt, _ outcome: CallOutcome) {
        guard let cover = attempt.cover else { return }
        run.envelope?.charge(outcome.cost, tokens: outcome.usage.input + outcome.usage.output, cover: cover, model: attempt.model.name)
    }

    private func record(ofAttempt index: Int, _ outcome: CallOutcome) -> UsageRecord {
        let attempt = run.attempts[index]
        // The first call has the name of the hold, if there is one.
        let ownName = run.attempts.firstIndex { $0.skippedBecause == nil } == index ? run.envelope?.id : nil
        let callID = ownName ?? incoming.loop.identifiers.next("call_")
        var record = UsageRecord(
            requestID: incoming.requestID, callID: callID, time: incoming.wallTime(of: attempt.startTime), requestedModel: request.model,
            priceVersion: attempt.model.priceVersion, status: UsageRecord.Status(outcome.status))
        describeRequest(in: &record)
        record.role = attempt.role.rawValue
        record.provider = attempt.model.provider.name
        record.model = attempt.model.name
        record.tokens = outcome.usage
        record.cost = outcome.cost
        record.latencyMicroseconds = outcome.latencyMicroseconds
        record.firstTokenMicroseconds = outcome.firstTokenMicroseconds
        record.errorCode = outcome.errorCode
        record.isEstimated = outcome.isEstimated
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

extension IncomingCall {
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

extension Duration {
    /// The duration in whole microseconds.
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
