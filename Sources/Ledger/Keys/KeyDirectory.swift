public import Core
internal import GRDB
internal import Glibc
internal import Synchronization

/// All keys that are not revoked, at one moment. Immutable; swapped as a whole.
public struct KeySnapshot: Sendable {
    private let grants: [KeyDigest: KeyGrant]

    /// A snapshot of the given keys.
    public init(_ grants: [KeyDigest: KeyGrant] = [:]) { self.grants = grants }

    /// The number of keys.
    public var count: Int { grants.count }

    /// The teams of all keys that are valid at `now`.
    public func teams(at now: WallTime) -> Set<String> { Set(grants.values.filter { !$0.isExpired(at: now) }.map(\.team)) }

    /// What the key of this digest permits; `nil` for keys that are unknown, revoked or expired, which cannot be told apart.
    public func grant(for digest: KeyDigest, at now: WallTime) -> KeyGrant? {
        guard let grant = grants[digest], !grant.isExpired(at: now) else { return nil }
        return grant
    }
}

/// The file of client keys as a gateway sees it: read only, and only when it changed.
public final class KeyDirectory: Sendable {
    private struct State {
        var queue: DatabaseQueue?
        var stamp: FileStamp?
        var dataVersion: Int?
    }

    private let path: String
    private let state = Mutex(State())

    /// Makes the view of the file at `path`, which need not exist yet.
    public init(path: String) { self.path = path }

    /// A new snapshot if the file may have changed since the last one, `nil` otherwise. The first call always returns one.
    ///
    /// Costs one `stat` when nothing changed: cheap enough for each unknown key. Waits at most 50 ms for a command that is writing.
    /// - Throws: ``LedgerFailure``; the last snapshot is then still the best there is, and the next call tries again.
    public func snapshotIfChanged() throws(LedgerFailure) -> KeySnapshot? {
        try state.withLock { state throws(LedgerFailure) in
            let stamp = FileStamp(path)
            if let last = state.stamp, last == stamp, last.isSettled { return nil }
            do {
                return try Self.refresh(&state, stamp, path)
            } catch {
                // A reading that failed half-way is started again from the beginning.
                state = State()
                throw .from(error, path)
            }
        }
    }

    private static func refresh(_ state: inout State, _ stamp: FileStamp, _ path: String) throws -> KeySnapshot? {
        guard stamp.exists else {
            let isNews = state.stamp != stamp
            state = State(queue: nil, stamp: stamp, dataVersion: nil)
            return isNews ? KeySnapshot() : nil
        }
        if state.stamp?.isSameFile(as: stamp) != true { state.queue = nil }
        let queue = try state.queue ?? open(path)
        // The number grows with every commit of another connection, even of one within a tick of the file's clock.
        let (version, snapshot): (Int?, KeySnapshot?) = try queue.inDatabase { db in
            let version = try Int.fetchOne(db, sql: "PRAGMA data_version")
            if state.queue != nil, version == state.dataVersion { return (version, nil) }
            return (version, try read(db, path))
        }
        state = State(queue: queue, stamp: stamp, dataVersion: version)
        return snapshot
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "key directory"
        configuration.busyMode = .timeout(0.05)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func read(_ db: Database, _ path: String) throws -> KeySnapshot {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if version > KeyStore.version { throw LedgerFailure.newerVersion(path: path, found: version, supported: KeyStore.version) }
        // Made by a command that is about to create its table.
        if version == 0 { return KeySnapshot() }
        var grants: [KeyDigest: KeyGrant] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM client_key WHERE revoked IS NULL")
        while let row = try rows.next() {
            guard let digest = KeyDigest(blob: row["digest"]) else {
                throw LedgerFailure.corrupt(path: path, detail: "a digest has a wrong size")
            }
            grants[digest] = KeyGrant(row)
        }
        return KeySnapshot(grants)
    }
}

/// What `stat` says of a file: enough to see most changes.
private struct FileStamp: Equatable {
    let exists: Bool
    private var inode: UInt = 0
    private var size: Int = 0
    private var modified: Int64 = 0
    /// When it was looked at; no part of equality.
    private var seen: Int64 = 0

    init(_ path: String) {
        var info = stat()
        exists = stat(path, &info) == 0
        guard exists else { return }
        inode = UInt(info.st_ino)
        size = Int(info.st_size)
        modified = Int64(info.st_mtim.tv_sec) &* 1_000_000 &+ Int64(info.st_mtim.tv_nsec) / 1_000
        seen = WallTime.now.microseconds
    }

    static func == (a: FileStamp, b: FileStamp) -> Bool {
        a.exists == b.exists && a.inode == b.inode && a.size == b.size && a.modified == b.modified
    }

    /// Whether the file had rested for a second when it was looked at. The clock of a file moves in steps of milliseconds:
    /// a change that follows another in the same step leaves the same stamp.
    var isSettled: Bool { !exists || seen &- modified > 1_000_000 }

    func isSameFile(as other: FileStamp) -> Bool { exists && other.exists && inode == other.inode }
}
