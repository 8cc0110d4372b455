/// Why the ledger (or the key file) cannot do what it was asked. The description says what to do about it.
public enum LedgerFailure: Error, Hashable, Sendable {
    /// The file or its directory cannot be opened or made.
    case cannotOpen(path: String, detail: String)
    /// Another process has this ledger open for writing; `holder` is its process id when known.
    case inUse(path: String, holder: Int?)
    /// The file was made by a newer version of Purser.
    case newerVersion(path: String, found: Int, supported: Int)
    /// The file is damaged, or not a SQLite database.
    case corrupt(path: String, detail: String)
    /// The file is a database of some other program.
    case foreign(path: String)
    /// The file or its directory may only be read.
    case readOnly(path: String)
    /// Some other program holds a lock on the file.
    case locked(path: String)
    /// No space is left on the device, or a size limit is reached.
    case full(path: String)
    /// Reading or writing the device failed.
    case inputOutput(path: String, detail: String)
    /// A journal beside the ledger that was written for another one; or for one that is not there any more.
    case journalOfAnotherLedger(path: String)
    /// A journal from which committed records are missing. What could be read of it is in the ledger.
    case journalDamaged(path: String, detail: String)
    /// The record could not be committed now. `kept`: it is in the journal and comes into the ledger later; otherwise it is counted as lost.
    case storageUnavailable(cause: String, kept: Bool)
    /// The journal is full and too many commits wait for room, or have waited too long; this one was counted as lost.
    case queueFull(capacity: Int)
    /// The ledger was closed.
    case closed
    /// Records and holds that storage had not taken when the ledger was closed; they stay in the journals beside it.
    case keptInJournals(records: Int, cause: String)
    /// The database server cannot be reached, does not answer in time, or is shutting down.
    case serverAway(server: String, detail: String)
    /// The database server refuses access: wrong name or password, no such database, missing rights.
    case serverRefuses(server: String, detail: String)
    /// The certificate of the database server is not the one that the URL wants, or it offers no encryption.
    case serverNotTrusted(server: String, detail: String)
    /// The database is a replica, or read-only for another reason.
    case serverReadOnly(server: String)
    /// The database server reported an unexpected error.
    case serverError(server: String, detail: String)
    /// A request that makes no sense, e.g. revoking a key that does not exist.
    case invalid(String)
}

extension LedgerFailure: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let detail):
            "cannot open \(path): \(detail); check that the directory exists and that this user may write there"
        case .inUse(let path, let holder):
            "another purser is using this ledger; \(path) is held by \(holder.map { "process \($0)" } ?? "another process"): "
                + "stop it, or give this one its own --state and --store"
        case .newerVersion(let path, let found, let supported):
            "\(path) has schema version \(found), this program knows versions up to \(supported); use a newer purser, or another --store"
        case .corrupt(let path, let detail):
            "\(path) is damaged or not a database (\(detail)); move it aside with its -wal file, then restore a backup or "
                + "salvage it with `sqlite3 \(path) .recover`"
        case .foreign(let path): "\(path) is a database of another program; choose another file"
        case .readOnly(let path): "\(path) or its directory is read-only for this user; change the permissions or choose another place"
        case .locked(let path): "\(path) is locked by another program, perhaps an open sqlite3 shell with a transaction; end it"
        case .full(let path): "no space is left for \(path); free some space, writing resumes by itself"
        case .inputOutput(let path, let detail):
            "reading or writing \(path) failed (\(detail)); check the device and the system log, writing resumes by itself"
        case .journalOfAnotherLedger(let path):
            "\(path) belongs to a ledger that is not the one beside it; put that ledger back, or move the journal to where it is"
        case .journalDamaged(let path, let detail):
            "\(path) is damaged (\(detail)), committed records may be missing; all that could be read is in the ledger: move the file aside, "
                + "keep it for examination, and start again"
        case .storageUnavailable(let cause, let kept):
            "the record could not be committed (\(cause)); it is "
                + (kept ? "kept in the journal until storage returns" : "lost and counted")
        case .queueFull(let capacity):
            "the journal is full, up to \(capacity) commits may wait for room; the device is too slow for this load"
        case .closed: "the ledger is closed"
        case .keptInJournals(let records, let cause):
            "\(records) usage records and holds could not be moved into the ledger (\(cause)); they stay in the journal files beside it, "
                + "the next start moves them"
        case .serverAway(let server, let detail):
            "\(server) does not answer (\(detail)); check that PostgreSQL runs there and that the network lets this machine through"
        case .serverRefuses(let server, let detail):
            "\(server) refuses us (\(detail)); check user, password, database and rights in --store"
        case .serverNotTrusted(let server, let detail):
            "no secure connection to \(server) (\(detail)); check sslmode and sslrootcert in --store, and the server's certificate"
        case .serverReadOnly(let server):
            "\(server) is read-only, perhaps a replica; name the primary in --store, or add target_session_attrs=read-write with several hosts"
        case .serverError(let server, let detail): "\(server) reports an error (\(detail)); see the log of PostgreSQL"
        case .invalid(let message): message
        }
    }
}
