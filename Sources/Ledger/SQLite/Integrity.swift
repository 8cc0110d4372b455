internal import GRDB
internal import Glibc

/// Which file a path names, and how large it is.
struct FileIdentity: Equatable {
    private let device: UInt
    private let inode: UInt
    let size: Int

    /// `nil` when there is no such file.
    init?(_ path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        device = UInt(info.st_dev)
        inode = UInt(info.st_ino)
        size = Int(info.st_size)
    }

    /// Whether both are the same file; its size may have changed.
    static func == (a: FileIdentity, b: FileIdentity) -> Bool { a.device == b.device && a.inode == b.inode }
}

/// SQLite's own check of a file: every page readable, every row well-formed.
enum Integrity {
    /// - Throws: `corrupt`; errors of SQLite.
    static func check(_ db: Database, path: String) throws {
        let finding = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        if finding != "ok" { throw LedgerFailure.corrupt(path: path, detail: finding) }
    }
}

/// A check of a large ledger beside the work, so that a restart need not wait for it. Uses a connection of its own that only reads.
final class BackgroundCheck: Sendable {
    private let queue: DatabaseQueue
    private let thread: JoinableThread

    /// Begins the check.
    /// - Parameter report: called on the checking thread, with damage if there is any.
    init(path: String, report: @escaping @Sendable (LedgerFailure) -> Void) throws(LedgerFailure) {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "ledger check"
        let queue = try translatingFailures(path) { try DatabaseQueue(path: path, configuration: configuration) }
        self.queue = queue
        thread = try JoinableThread(name: "ledger check") {
            do {
                try queue.inDatabase { try Integrity.check($0, path: path) }
            } catch {
                // Interrupted, busy and the like say nothing about the file.
                if case .corrupt = LedgerFailure.from(error, path) { report(.from(error, path)) }
            }
        }
    }

    /// Stops the check and waits for its end.
    func stop() {
        queue.interrupt()
        thread.join()
        try? queue.close()
    }
}
