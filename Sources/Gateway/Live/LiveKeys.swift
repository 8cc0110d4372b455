public import Ledger
public import Logging
internal import Synchronization

/// The client keys that were created on the command line, kept up to date with the place where they are kept.
public final class LiveKeys: Sendable {
    /// The keys at one moment, with a number that grows with each change.
    struct Version: Sendable {
        let snapshot: KeySnapshot
        let number: Int
    }

    private let source: any KeySource
    private let state = Mutex(Version(snapshot: KeySnapshot(), number: 0))
    private let refreshing = Mutex(())
    private let log: Logger

    /// Reads the keys of `source`.
    public init(source: any KeySource, log: Logger) {
        self.source = source
        self.log = log
        refresh()
    }

    /// Takes up what has changed. When it cannot be read, the keys known so far stay valid.
    public func refresh() {
        // One at a time: else keys that were read earlier could take the place of newer ones, and who finds nothing new would not find what
        // another has just read and not put in force yet.
        refreshing.withLock { _ in
            do throws(LedgerFailure) {
                guard let snapshot = try source.snapshotIfChanged() else { return }
                state.withLock { $0 = Version(snapshot: snapshot, number: $0.number + 1) }
            } catch {
                log.error("client keys cannot be read, the old ones stay valid", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// The keys as last read.
    var current: Version { state.withLock { $0 } }
}
