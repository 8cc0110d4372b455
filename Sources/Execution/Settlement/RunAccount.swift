internal import Chat
public import EventLoop
public import Ledger
internal import Policies

/// What is known of the records of a request's calls before any is made, and where they go.
public struct RunAccount {
    private let template: UsageRecord
    private let startTime: MonotonicTime
    let journal: UsageJournal
    private let nextCallID: () -> String
    /// Counts a call of a request for which nothing is reserved, because no limit bound it when it began: one may by now.
    let countUnreserved: (UsageRecord, JournalMark?) -> Void

    /// - Parameters:
    ///   - template: a record with all that the request and its decision say; its time is that of the request.
    ///   - startTime: the moment of that time.
    ///   - journal: takes the records.
    ///   - nextCallID: makes the name of a call.
    ///   - countUnreserved: counts a call of a request for which nothing is reserved.
    public init(
        _ template: UsageRecord, startTime: MonotonicTime, journal: UsageJournal, nextCallID: @escaping () -> String,
        countUnreserved: @escaping (UsageRecord, JournalMark?) -> Void
    ) {
        self.template = template
        self.startTime = startTime
        self.journal = journal
        self.nextCallID = nextCallID
        self.countUnreserved = countUnreserved
    }

    /// The record of a call that has ended.
    /// - Parameters:
    ///   - name: the call's name, if it has one: the first call has that of the hold.
    ///   - hold: the request's hold, if there is one.
    ///   - settlesHold: whether the record ends the hold.
    @inline(never)
    func record(of attempt: Attempt, _ outcome: CallOutcome, named name: String?, hold: String?, settlesHold: Bool) -> UsageRecord {
        var record = template
        record.callID = name ?? nextCallID()
        record.time = WallTime(microseconds: template.time.microseconds + attempt.startTime.microseconds(since: startTime))
        record.priceVersion = attempt.model.priceVersion(at: outcome.usage.tier)
        record.status = UsageRecord.Status(outcome.status)
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
        record.hold = hold
        record.settlesHold = settlesHold
        return record
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
