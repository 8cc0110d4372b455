internal import Chat
internal import Classifier
internal import Core
internal import EventLoop
internal import Execution
internal import Ledger
internal import Limits
internal import Policies

/// The books of a request: where its calls are recorded.
extension DecidedRequest: RunBooks {
    var journal: UsageJournal { admitted.incoming.loop.journal }

    var startTime: MonotonicTime { admitted.incoming.startTime }

    func nextCallID() -> String { admitted.incoming.loop.identifiers.next("call_") }

    func countUnreserved(_ record: UsageRecord, _ mark: JournalMark?) {
        var past = PastSpending(
            admitted.scopes, model: record.model ?? record.requestedModel, time: record.time, amount: Spending(record))
        past.doubt = Spending(usd: record.inDoubt, tokens: record.inDoubtTokens)
        admitted.limits.count(past, record: mark, at: .now)
    }

    @inline(never)
    func recordOfEachCall() -> UsageRecord {
        let (incoming, principal, request) = (admitted.incoming, admitted.principal, admitted.request)
        var record = UsageRecord(
            requestID: incoming.requestID, callID: "", time: incoming.wallTime, requestedModel: request.facts.model, priceVersion: "",
            status: .ok)
        record.organization = principal.organization
        record.team = principal.team
        record.keyID = principal.keyID
        record.user = request.facts.user
        record.metadata =
            request.facts.metadata.isEmpty
            ? [] : request.facts.metadata.sorted { $0.key < $1.key }.map { UsageRecord.Tag($0.key, $0.value) }
        record.isStream = request.facts.stream
        record.route = trace.route
        record.task = trace.classification?.task.rawValue
        record.complexity = trace.classification?.complexity.rawValue
        record.experiment = trace.experiment
        record.arm = trace.arm
        return record
    }
}
