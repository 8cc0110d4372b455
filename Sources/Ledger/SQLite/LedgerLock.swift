internal import Glibc

/// The right to write a ledger: an exclusive `flock` on `<database>.lock` and on the database file itself, held while this value lives; the
/// kernel lets go when the process dies. The first has a fixed name and holds the id of the owning process; the second belongs to the
/// database file, so that it holds under every name the file has (hard links).
///
/// SQLite's own locks would let two processes take turns, and versions before 3.51.3 may corrupt the file when two connections checkpoint at once.
struct LedgerLock: ~Copyable, Sendable {
    private let descriptor: Int32
    /// Of the database. SQLite's own locks are of another kind (fcntl) and would be lost if this were closed before SQLite's descriptors.
    private let file: Int32

    /// - Throws: `inUse` when another process (or this one) holds it; `readOnly`, `cannotOpen`.
    init(database: String) throws(LedgerFailure) {
        let path = database + ".lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .opening(database, errno) }
        let error = Self.lock(descriptor)
        guard error == 0 else {
            defer { _ = Glibc.close(descriptor) }
            if error == EWOULDBLOCK { throw .inUse(path: database, holder: Self.holder(descriptor)) }
            throw .opening(path, error)
        }
        let file = open(database, O_RDONLY | O_CLOEXEC)
        let fileError = file < 0 ? errno : Self.lock(file)
        guard fileError == 0 else {
            defer {
                _ = Glibc.close(descriptor)
                if file >= 0 { _ = Glibc.close(file) }
            }
            if fileError == EWOULDBLOCK { throw .inUse(path: database, holder: nil) }
            throw .opening(database, fileError)
        }
        self.descriptor = descriptor
        self.file = file
        let text = Array("\(getpid())\n".utf8)
        // Only for the message that a second process prints.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    deinit {
        _ = Glibc.close(descriptor)
        _ = Glibc.close(file)
    }

    /// Another thread that starts a program just now has, between fork and exec, a copy of the descriptor of a ledger that this process has
    /// closed: such a lock ends by itself in a moment. So does the lock of a caller of ``isHeld(database:)``.
    /// - Returns: the error, or zero.
    private static func lock(_ descriptor: Int32) -> Int32 {
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return 0 }
            guard errno == EWOULDBLOCK else { return errno }
            usleep(10_000)
        }
        return EWOULDBLOCK
    }

    /// Whether any process has the right to write the ledger now.
    static func isHeld(database: String) -> Bool {
        let descriptor = open(database + ".lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { _ = Glibc.close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}

extension LedgerFailure {
    /// The failure that `open(2)` reported with `error`.
    static func opening(_ path: String, _ error: Int32) -> LedgerFailure {
        switch error {
        case EROFS, EACCES, EPERM: .readOnly(path: path)
        case ENOSPC, EDQUOT: .full(path: path)
        default: .cannotOpen(path: path, detail: String(cString: strerror(error)))
        }
    }
}

/// Makes the file `path` (mode 0600) and its directory (0700) where they are missing: usage and key digests are private to the operator,
/// and SQLite gives its side files the permissions of the database.
func createPrivateFile(_ path: String) throws(LedgerFailure) {
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
        try createPrivateDirectory(String(path[..<slash]))
    }
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
        _ = close(descriptor)
    } else if errno != EEXIST {
        throw .opening(path, errno)
    }
}

private func createPrivateDirectory(_ path: String) throws(LedgerFailure) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw .opening(path, errno) }
    try createPrivateDirectory(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .opening(path, errno) }
}
