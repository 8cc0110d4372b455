internal import Chat
internal import Glibc
internal import Ledger

/// Appends records to the ledger named by its argument until it is killed, printing each call id once its commit has returned.
/// The crash test kills it at random moments.
@main
enum LedgerCrashHelper {
    static func main() async {
        guard CommandLine.arguments.count == 3 else { exit(2) }
        let path = CommandLine.arguments[1]
        let run = CommandLine.arguments[2]
        do {
            let ledger = try SQLiteLedger(path: path)
            await withTaskGroup { group in
                for task in 0..<8 {
                    group.addTask { await append(to: ledger, prefix: "\(run)-\(task)") }
                }
            }
        } catch {
            let message = Array("\(error)\n".utf8)
            _ = write(STDERR_FILENO, message, message.count)
            exit(3)
        }
    }

    private static func append(to ledger: SQLiteLedger, prefix: String) async {
        var number = 0
        while true {
            number += 1
            var record = UsageRecord(
                requestID: "request-\(prefix)", callID: "\(prefix)-\(number)", time: .now, requestedModel: "model-\(number % 50)",
                priceVersion: "1/-/-/2", status: .ok)
            record.cost = NanoUSD(nanos: 1)
            do {
                try await ledger.commit(record)
            } catch {
                exit(4)
            }
            // One write of a short line to a pipe is atomic, so a line is there in full or not at all.
            let line = Array("\(record.callID)\n".utf8)
            guard write(STDOUT_FILENO, line, line.count) == line.count else { exit(5) }
        }
    }
}
