internal import Chat
public import EventLoop
public import Ledger
public import Logging
internal import Synchronization

/// The client keys that were created on the command line, kept up to date with the place where they are kept.
///
/// While that place cannot be read the keys known so far stay valid for a stated time; after it nobody could tell whether they were revoked,
/// and they are refused until it can be read again.
public final class LiveKeys: Sendable {
    /// The keys at one moment, with a number that grows with each change.
    struct Version: Sendable {
        var snapshot: KeySnapshot
        var number: Int
        /// How their place could be read last.
        var condition = Condition.ok
        /// Whether the keys were read recently enough.
        var isTrusted: Bool { condition != .unavailable }
    }

    /// How the place of the keys could be read last.
    enum Condition: String, Sendable {
        case ok
        /// It cannot be read; the keys known so far are valid.
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

    /// How long keys stay valid without their place being readable, unless another time is given.
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

    /// Takes up what has changed; blocks while it is read.
    public func refresh(at now: MonotonicTime = .now()) {
        // One at a time: else keys that were read earlier could take the place of newer ones, and who finds nothing new would not find what
        // another has just read and not put in force yet.
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

    /// Has the keys read once more, after this call began, on another thread than the caller's.
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

    /// How the place of the keys could be read last.
    var condition: Condition { current.condition }

    /// The answer to a key that only the key store could tell about.
    static let unavailable = GatewayError(
        .storageUnavailable,
        "Client keys cannot be checked: their store has not been readable for too long. Keys in policy files are served; please retry later.",
        source: .gateway, retry: .after(.seconds(5)))
}
