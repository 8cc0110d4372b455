internal import Chat
internal import Glibc
internal import Ledger

/// Appends records to the ledger named by its argument until it is killed, printing each call id once its commit has returned.
/// The crash test kills it at random moments.
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
                    group.addTask { await loops[task % loops.count].append(prefix: "\(run)-\(task)") }
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

    func append(prefix: String) async {
        var number = 0
        while true {
            number += 1
            var record = UsageRecord(
                requestID: "request-\(prefix)", callID: "\(prefix)-\(number)", time: .now, requestedModel: "model-\(number % 50)",
                priceVersion: "1/-/-/2", status: .ok)
            record.cost = NanoUSD(nanos: 1)
            do {
                try await journal.commit(record)
            } catch {
                exit(4)
            }
            // One write of a short line to a pipe is atomic, so a line is there in full or not at all.
            let line = Array("\(record.callID)\n".utf8)
            guard write(STDOUT_FILENO, line, line.count) == line.count else { exit(5) }
            // Some thousand records in each life are enough.
            usleep(200)
            await Task.yield()
        }
    }
}
