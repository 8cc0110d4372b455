internal import Chat
internal import Classifier
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension HeldCall {
    /// Commits the record of every call that is over and has none yet, in the order of their beginnings.
    /// - Throws: `storage_unavailable` when the answer must not be given because it could not be recorded.
    func settle() async throws(GatewayError) {
        for index in run.attempts.indices where run.attempts[index].isDue {
            guard let outcome = run.attempts[index].outcome else { continue }
            run.attempts[index].isSettled = true
            let record = record(of: run.attempts[index], outcome)
            do { try await incoming.loop.journal.commit(record) } catch { throw error.gatewayError }
        }
    }

    private func record(of attempt: Attempt, _ outcome: CallOutcome) -> UsageRecord {
        let callID = incoming.loop.identifiers.next("call_")
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
