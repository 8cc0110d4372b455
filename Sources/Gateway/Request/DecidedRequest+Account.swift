internal import Chat
internal import Classifier
internal import EventLoop
internal import Execution
internal import Ledger
internal import Policies

extension DecidedRequest {
    /// Where the calls of the request are recorded, with all that their records have in common.
    func account() -> RunAccount {
        let (incoming, principal) = (admitted.incoming, admitted.principal)
        return RunAccount(
            recordOfEachCall(), startTime: incoming.startTime, journal: incoming.loop.journal,
            nextCallID: { incoming.loop.identifiers.next("call_") },
            countUnreserved: { [scopes = admitted.scopes, budgets = incoming.loop.gateway.budgets] record, mark in
                var past = PastSpending(
                    scopes, model: record.model ?? record.requestedModel, time: record.time, amount: Spending(record))
                past.doubt = Spending(usd: record.inDoubt, tokens: record.inDoubtTokens)
                principal.limits(in: budgets).count(past, record: mark, at: .now)
            })
    }

    @inline(never)
    private func recordOfEachCall() -> UsageRecord {
        let (incoming, principal, request) = (admitted.incoming, admitted.principal, admitted.request)
        var record = UsageRecord(
            requestID: incoming.requestID, callID: "", time: incoming.wallTime, requestedModel: request.model, priceVersion: "",
            status: .ok)
        record.organization = principal.organization
        record.team = principal.team
        record.keyID = principal.keyID
        record.user = request.user
        record.metadata =
            request.metadata.isEmpty ? [] : request.metadata.sorted { $0.key < $1.key }.map { UsageRecord.Tag($0.key, $0.value) }
        record.isStream = request.stream
        record.route = trace.route
        record.task = trace.features.classification?.task.rawValue
        record.complexity = trace.features.classification?.complexity.rawValue
        record.experiment = trace.experiment
        record.arm = trace.arm
        return record
    }
}
