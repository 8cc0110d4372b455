public import Chat

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
    /// The record could not be committed now. `kept`: it waits in memory and is appended as soon as storage returns; otherwise it is counted as lost.
    case storageUnavailable(cause: String, kept: Bool)
    /// More records wait for the writer than its queue may hold; this one was counted as lost.
    case queueFull(capacity: Int)
    /// The ledger was closed.
    case closed
    /// Records that were still waiting for storage when the ledger was closed; they are lost.
    case lostAtClose(records: Int, cause: String)
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
        case .storageUnavailable(let cause, let kept):
            "the record could not be committed (\(cause)); it is " + (kept ? "kept in memory until storage returns" : "lost and counted")
        case .queueFull(let capacity): "\(capacity) records already wait for the ledger; the device is too slow for this load"
        case .closed: "the ledger is closed"
        case .lostAtClose(let records, let cause): "\(records) usage records could not be written before the ledger was closed (\(cause))"
        case .invalid(let message): message
        }
    }
}

extension LedgerFailure {
    /// What a client is told: the gateway sells nothing that it cannot record.
    public var gatewayError: GatewayError {
        GatewayError(
            .storageUnavailable, "The usage ledger cannot be written at the moment; please retry later.", source: .gateway,
            retry: .after(.seconds(1)), detail: description)
    }
}
