internal import Core
internal import Glibc
internal import Ledger
internal import SharedLedger
internal import Synchronization

/// One gateway of several, as far as money goes: spends until it is told to stop (SIGTERM) or killed, printing each call id once its record is
/// committed. Arguments: URL, state directory, limit in nano-dollars, most that a request costs, tasks, milliseconds of a call.
@main
enum LedgerClusterHelper {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 7, let limit = Int64(arguments[3]), let cost = Int64(arguments[4]), let tasks = Int(arguments[5]),
            let latency = Int(arguments[6])
        else { exit(2) }
        // A test that is killed itself must not leave this behind.
        alarm(180)
        signal(SIGTERM) { _ in stopping.store(true, ordering: .relaxed) }
        signal(SIGPIPE, SIG_IGN)
        var options = SimulatedGateway.Options(rules: [
            LimitRule(.usd(NanoUSD(nanos: limit)), per: .total), LimitRule(.requests(10_000_000), per: .minute),
            LimitRule(.tokens(1_000_000_000), per: .hour),
        ])
        options.estimate = cost
        options.isExact = false
        options.latency = .milliseconds(latency)
        options.report = { record in
            // One write of a short line to a pipe is atomic.
            let line = Array("\(record.callID)\n".utf8)
            if write(STDOUT_FILENO, line, line.count) != line.count { exit(5) }
        }
        do {
            var settings = PostgreSQLLedger.Settings()
            settings.spool.importInterval = .milliseconds(50)
            let gateway = try SimulatedGateway(arguments[1], directory: arguments[2], options, settings: settings)
            await spend(gateway, tasks)
            say("served \(served.load(ordering: .relaxed)) trips \(gateway.ledger.roundTrips) waits \(gateway.keeper.waits)\n")
            if let failure = gateway.ledger.statistics.lastFailure { say("last failure: \(failure)\n") }
            try gateway.ledger.close()
        } catch {
            say("\(error)\n")
            exit(3)
        }
    }

    /// Without tasks it only waits; with less than none it ends at once.
    private static func spend(_ gateway: SimulatedGateway, _ tasks: Int) async {
        if tasks < 0 { return }
        await withTaskGroup { group in
            group.addTask { while !stopping.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(20)) } }
            for _ in 0..<tasks {
                group.addTask {
                    while !stopping.load(ordering: .relaxed) {
                        let outcome = try? await gateway.serve()
                        if outcome == .served { served.add(1, ordering: .relaxed) } else { try? await Task.sleep(for: .milliseconds(20)) }
                    }
                }
            }
        }
    }

    private static func say(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

private let stopping = Atomic(false)
private let served = Atomic(0)
