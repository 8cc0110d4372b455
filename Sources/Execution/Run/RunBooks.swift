internal import Chat
internal import Core
public import EventLoop
public import Ledger
public import Limits
internal import Policies

/// The books of a request: where its calls are recorded, and under which names. Implemented by the gateway's request and by the test bench.
public protocol RunBooks: AnyObject {
    /// Takes the records.
    var journal: UsageJournal { get }
    /// A record with all that the request and its decision say; its time is that of the request.
    var record: UsageRecord { get }
    /// The moment of that time.
    var startTime: MonotonicTime { get }
    /// Makes the name of a call.
    func nextCallID() -> String
    /// Counts a call of a request for which nothing is reserved, because no limit bound it when it began: one may by now.
    func countUnreserved(_ record: UsageRecord, _ mark: JournalMark?)
}

extension RunBooks {
    /// The record of a call that has ended.
    /// - Parameters:
    ///   - name: the call's name, if it has one: the first call has that of the hold.
    ///   - hold: the request's hold, if there is one.
    ///   - settlesHold: whether the record ends the hold.
    @inline(never)
    func record(of attempt: Attempt, _ outcome: CallOutcome, named name: String?, hold: String?, settlesHold: Bool) -> UsageRecord {
        var record = record
        record.callID = name ?? nextCallID()
        record.time = WallTime(microseconds: record.time.microseconds + attempt.startTime.microseconds(since: startTime))
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
