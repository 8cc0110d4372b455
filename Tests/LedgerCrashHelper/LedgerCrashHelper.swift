internal import Core
internal import Glibc
internal import Ledger

/// Holds, tops up, records and settles in the ledger named by its argument until it is killed, and prints what was acknowledged:
/// `hold ID NANOS`, `paid ID CALL NANOS` and, for the last record of a hold, `done ID CALL NANOS`. The crash test kills it at random moments.
@main
enum LedgerCrashHelper {
    static func main() async {
        guard CommandLine.arguments.count == 3 else { exit(2) }
        // A test that is killed itself must not leave this behind.
        alarm(60)
        let path = CommandLine.arguments[1]
        let run = CommandLine.arguments[2]
        do {
            var settings = SQLiteLedger.Settings()
            // Small, so that segments are also changed and reused.
            settings.segmentBytes = 16_384
            settings.importInterval = .milliseconds(5)
            let ledger = try SQLiteLedger(path: path, settings: settings)
            let loops = try (0..<3).map { try Loop(ledger.journal(forLoop: $0)) }
            await withTaskGroup { group in
                for task in 0..<8 {
                    group.addTask { await loops[task % loops.count].work(prefix: "\(run)-\(task)") }
                }
            }
        } catch {
            let message = Array("\(error)\n".utf8)
            _ = write(STDERR_FILENO, message, message.count)
            exit(3)
        }
    }
}

/// Stands for an event loop: one journal, one thread at a time.
private actor Loop {
    private let journal: UsageJournal

    init(_ journal: sending UsageJournal) { self.journal = journal }

    /// Sends requests; every fourth stays open for as long as this lives.
    func work(prefix: String) async {
        var number = 0
        while true {
            number += 1
            await request("\(prefix)-\(number)", number)
            await Task.yield()
        }
    }

    private func request(_ id: String, _ number: Int) async {
        var hold = HoldRecord(
            id: id, requestID: "request-\(number % 7)", time: .now, requestedModel: "model-\(number % 50)", amount: NanoUSD(nanos: 1_000),
            tokens: 100, priceVersion: "1/-/-/2")
        hold.team = "acme/research"
        await acknowledged("hold \(id) 1000") { () throws(LedgerFailure) in try await journal.hold(hold) }
        if number.isMultiple(of: 2) {
            hold.amount = NanoUSD(nanos: 3_000)
            await acknowledged("hold \(id) 3000") { () throws(LedgerFailure) in try await journal.hold(hold) }
        }
        if number.isMultiple(of: 3) { await pay(id, "\(id)-try", 300, settles: false) }
        await Task.yield()
        if !number.isMultiple(of: 4) { await pay(id, id, 500, settles: true) }
        // Some thousand requests in each life are enough.
        usleep(200)
    }

    private func pay(_ hold: String, _ call: String, _ cost: Int64, settles: Bool) async {
        var record = UsageRecord(
            requestID: "request", callID: call, time: .now, requestedModel: "model", priceVersion: "free/by/trial", status: .ok)
        record.cost = NanoUSD(nanos: cost)
        record.team = "acme/research"
        record.hold = hold
        record.settlesHold = settles
        await acknowledged("\(settles ? "done" : "paid") \(hold) \(call) \(cost)") { () throws(LedgerFailure) in
            try await journal.commit(record)
        }
    }

    private func acknowledged(_ text: String, _ body: () async throws(LedgerFailure) -> Void) async {
        do { try await body() } catch { exit(4) }
        // One write of a short line to a pipe is atomic, so a line is there in full or not at all.
        let line = Array((text + "\n").utf8)
        guard write(STDOUT_FILENO, line, line.count) == line.count else { exit(5) }
    }
}
