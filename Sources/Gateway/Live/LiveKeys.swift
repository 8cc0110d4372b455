internal import Chat
public import EventLoop
public import Ledger
public import Logging
internal import Synchronization

/// The client keys that were created on the command line, kept up to date with the key store.
///
/// While the store cannot be read, known keys stay valid for a stated time. After that they are refused until the store can be read again,
/// because they may have been revoked.
public final class LiveKeys: Sendable {
    /// The keys at one moment, with a number that grows with each change.
    struct Version: Sendable {
        var snapshot: KeySnapshot
        var number: Int
        /// Whether the store could be read last.
        var condition = Condition.ok
        /// Whether the keys were read recently enough.
        var isTrusted: Bool { condition != .unavailable }
    }

    /// Whether the key store could be read last.
    enum Condition: String, Sendable {
        case ok
        /// It cannot be read; known keys are valid.
        case stale
        /// It has not been readable for too long; the keys are refused.
        case unavailable
    }

    private struct Reading {
        /// When it was read last, or the start.
        var lastRead: MonotonicTime
    }

    private struct Looks {
        var isLooking = false
        var waiting: [UnsafeContinuation<Void, Never>] = []
    }

    private let source: any KeySource
    private let grace: Duration
    private let state = Mutex(Version(snapshot: KeySnapshot(), number: 0))
    private let refreshing: Mutex<Reading>
    private let looks = Mutex(Looks())
    private let log: Logger

    /// The default time for which known keys stay valid while the store cannot be read.
    public static let usualGrace = Duration.seconds(300)

    /// Reads the keys of `source`.
    /// - Parameter grace: how long they stay valid while `source` cannot be read.
    public init(source: any KeySource, grace: Duration = LiveKeys.usualGrace, log: Logger) {
        self.source = source
        self.grace = grace
        self.log = log
        refreshing = Mutex(Reading(lastRead: .now()))
        refresh()
    }

    /// Reads changes of the store; blocks meanwhile.
    public func refresh(at now: MonotonicTime = .now()) {
        // One reading at a time: otherwise older keys could replace newer ones, and a reading that finds no change would miss keys that
        // another has read and not yet put in force.
        refreshing.withLock { reading in
            do throws(LedgerFailure) {
                let snapshot = try source.snapshotIfChanged()
                reading.lastRead = now
                if let snapshot { state.withLock { $0 = Version(snapshot: snapshot, number: $0.number + 1, condition: $0.condition) } }
                enter(.ok, nil)
            } catch {
                enter(now - reading.lastRead < grace ? .stale : .unavailable, error)
            }
        }
    }

    /// Makes another thread read the keys again, and waits for a reading that began after this call.
    func lookAgain() async {
        await withUnsafeContinuation { continuation in
            let isFirst = looks.withLock { looks in
                looks.waiting.append(continuation)
                defer { looks.isLooking = true }
                return !looks.isLooking
            }
            if isFirst { Task.detached { self.lookForWaiting() } }
        }
    }

    private func lookForWaiting() {
        while true {
            let waiting = looks.withLock { looks in
                defer { looks.waiting = [] }
                looks.isLooking = !looks.waiting.isEmpty
                return looks.waiting
            }
            if waiting.isEmpty { return }
            refresh()
            for one in waiting { one.resume() }
        }
    }

    /// One line in the log for each change.
    private func enter(_ condition: Condition, _ failure: LedgerFailure?) {
        let before = state.withLock { state in
            defer { state.condition = condition }
            return state.condition
        }
        guard condition != before else { return }
        let facts: Logger.Metadata = ["reason": "\(failure.map(String.init(describing:)) ?? "")", "grace_s": "\(grace.components.seconds)"]
        switch condition {
        case .ok: log.notice("client keys can be read again")
        case .stale: log.error("client keys cannot be read; the known ones stay valid for a while", metadata: facts)
        case .unavailable: log.error("client keys could not be read for too long; stored keys are refused", metadata: facts)
        }
    }

    /// The keys as last read.
    var current: Version { state.withLock { $0 } }

    /// Whether the key store could be read last.
    var condition: Condition { current.condition }

    /// The error for a key that can only be checked in the key store.
    static let unavailable = GatewayError(
        .storageUnavailable,
        "Client keys cannot be checked: their store has not been readable for too long. Keys in policy files are served; please retry later.",
        source: .gateway, retry: .after(.seconds(5)))
}
