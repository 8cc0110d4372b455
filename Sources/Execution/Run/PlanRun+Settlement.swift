public import Chat
internal import Ledger
internal import Limits

/// The one place where calls are settled: each is recorded, then charged, in the order of their beginnings. The result for its provider's
/// health was reported when the call ended.
extension PlanRun {
    /// Ends the run: settles what is not settled, and gives back what the envelope still holds. Must be called before the last byte of the answer;
    /// another time it does nothing.
    /// - Throws: `storage_unavailable` when the answer must not be given because it could not be recorded.
    public func close() async throws(GatewayError) {
        guard !isClosed else { return }
        isClosed = true
        defer { envelope?.close(wasUsed: callCount > 0) }
        if try await settle(endsHold: true) { return }
        // No record ends the durable twin of what is reserved.
        if let envelope { try await envelope.releaseInJournal() }
    }

    /// Settles the calls that have ended, of a run that goes on.
    func settleEnded() async throws(GatewayError) { _ = try await settle(endsHold: false) }

    /// - Parameter endsHold: whether the record of the last of them ends the hold of the request.
    /// - Returns: whether any call was settled.
    private func settle(endsHold: Bool) async throws(GatewayError) -> Bool {
        let due = attempts.filter(\.isDue)
        var failure: GatewayError?
        for attempt in due {
            guard attempt.takeRecord(), let outcome = attempt.outcome else { continue }
            let record = books.record(
                of: attempt, outcome, named: attempt === attempts.first { $0.call != nil } ? envelope?.id : nil, hold: envelope?.id,
                settlesHold: endsHold && attempt === due.last)
            // A cost that cannot be recorded was spent nevertheless: the limits count it.
            var mark: JournalMark?
            do { mark = try await books.journal.commit(record) } catch { failure = failure ?? error.gatewayError }
            do throws(GatewayError) { try await charge(attempt, record, mark, mayFail: failure == nil) } catch { failure = error }
        }
        if let failure { throw failure }
        return !due.isEmpty
    }

    /// - Parameter mayFail: whether a failure of the journal matters: false when another failure is thrown in any case.
    private func charge(_ attempt: Attempt, _ record: UsageRecord, _ mark: JournalMark?, mayFail: Bool) async throws(GatewayError) {
        guard let envelope else { return books.countUnreserved(record, mark) }
        guard let charge = attempt.takeCharge() else { return }
        if mayFail, !record.settlesHold {
            try await envelope.chargeRecorded(charge, record: mark)
        } else {
            envelope.charge(charge, record: mark)
        }
    }
}
