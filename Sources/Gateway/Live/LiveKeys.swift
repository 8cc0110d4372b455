internal import Ledger
public import Logging
internal import Synchronization

/// The client keys that were created on the command line, kept up to date with their file.
public final class LiveKeys: Sendable {
    /// The keys at one moment, with a number that grows with each change.
    struct Version: Sendable {
        let snapshot: KeySnapshot
        let number: Int
    }

    private let directory: KeyDirectory
    private let state = Mutex(Version(snapshot: KeySnapshot(), number: 0))
    private let log: Logger

    /// Reads the key file at `path`, which need not exist yet.
    public init(path: String, log: Logger) {
        directory = KeyDirectory(path: path)
        self.log = log
        refresh()
    }

    /// Takes up what has changed in the file. When it cannot be read, the keys known so far stay valid.
    public func refresh() {
        do throws(LedgerFailure) {
            guard let snapshot = try directory.snapshotIfChanged() else { return }
            state.withLock { $0 = Version(snapshot: snapshot, number: $0.number + 1) }
        } catch {
            log.error("client keys cannot be read, the old ones stay valid", metadata: ["reason": "\(error)"])
        }
    }

    /// The keys as last read.
    var current: Version { state.withLock { $0 } }
}
