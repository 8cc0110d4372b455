internal import Glibc
internal import Synchronization

/// A journal file in memory: shared between the loop that appends and the writer thread that imports.
///
/// Bytes behind a segment's end word belong to the appending loop, those before it to every reader. The file keeps its size while it is
/// mapped and its blocks are allocated from the beginning, so that a store can neither fail nor raise SIGBUS when the disk is full.
final class JournalFile: @unchecked Sendable {
    /// The loop's index in words: the journal's name in the ledger.
    let name: String
    let path: String
    let segmentBytes: Int
    private let descriptor: Int32
    private let base: UnsafeMutableRawPointer
    /// The last frame that is in the ledger. Written by the writer thread.
    let imported: Atomic<Int64>
    /// The last frame that is no longer needed: everything up to it may be overwritten. Written by the writer thread.
    ///
    /// Lags behind `imported` by up to a segment, so that holds which end soon need not be written to the ledger.
    let released: Atomic<Int64>
    /// The last frame that was appended. For the counters only.
    let appended: Atomic<Int64>
    /// Records among the frames of this run. For the counters only.
    let records = Atomic<Int>(0)

    /// Frames that are not in the ledger.
    var waiting: Int { max(0, Int(appended.load(ordering: .relaxed) - imported.load(ordering: .relaxed))) }

    /// Makes the journal of a loop, replacing a file that must have been imported.
    /// - Parameters:
    ///   - last: the number of the last record of the journal's predecessors.
    ///   - syncs: whether the file must be there after a loss of power.
    /// - Throws: `full`, `readOnly`, `cannotOpen`.
    init(ledger: String, index: Int, header: JournalHeader, last: Int64, syncs: Bool) throws(LedgerFailure) {
        name = String(index)
        path = JournalFiles.path(ledger, index)
        segmentBytes = header.segmentBytes
        descriptor = try Self.make(path, header, first: last + 1, syncs: syncs)
        guard
            let base = mmap(
                nil, JournalLayout.fileBytes(segment: segmentBytes), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            base != MAP_FAILED
        else {
            let error = errno
            _ = close(descriptor)
            throw .opening(path, error)
        }
        self.base = base
        imported = Atomic(last)
        released = Atomic(last)
        appended = Atomic(last)
    }

    deinit {
        munmap(base, JournalLayout.fileBytes(segment: segmentBytes))
        _ = close(descriptor)
    }

    /// Makes the file under another name first, so that a process that finds it under its final name finds it complete.
    private static func make(_ path: String, _ header: JournalHeader, first: Int64, syncs: Bool) throws(LedgerFailure) -> Int32 {
        let draft = path + JournalFiles.draftSuffix
        let descriptor = open(draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .opening(path, errno) }
        var error = posix_fallocate(descriptor, 0, JournalLayout.fileBytes(segment: header.segmentBytes))
        if error == 0 {
            var bytes = header.bytes
            bytes += [UInt8](repeating: 0, count: JournalLayout.words(of: 0) - bytes.count)
            withUnsafeBytes(of: first.littleEndian) { bytes.append(contentsOf: $0) }
            if pwrite(descriptor, bytes, bytes.count, 0) != bytes.count || (syncs && fsync(descriptor) != 0) || rename(draft, path) != 0 {
                error = errno
            }
        }
        guard error == 0 else {
            _ = close(descriptor)
            unlink(draft)
            throw .opening(path, error)
        }
        if syncs { JournalFiles.syncDirectory(of: path) }
        return descriptor
    }

    // MARK: Segments

    /// The bytes of `segment`.
    func bytes(_ segment: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + JournalLayout.start(of: segment, segmentBytes: segmentBytes), count: segmentBytes)
    }

    /// The number of the first record in `segment`; zero when it was never used.
    func first(_ segment: Int) -> Int64 { firstWord(segment).pointee.load(ordering: .sequentiallyConsistent) }

    /// Where the last committed record in `segment` ends.
    func end(_ segment: Int) -> Int {
        Int(truncatingIfNeeded: endWord(segment).pointee.load(ordering: .sequentiallyConsistent) & ~JournalLayout.sealed)
    }

    /// Commits the record between `start` and `end`: the moment from which on it survives the death of the process.
    ///
    /// Sequentially consistent: either the writer thread sees the record before it goes to sleep, or the loop sees that it sleeps.
    /// - Returns: false when the journal was sealed.
    func publish(_ segment: Int, from start: Int, to end: Int) -> Bool {
        endWord(segment).pointee.compareExchange(
            expected: UInt64(start), desired: UInt64(end), ordering: .sequentiallyConsistent
        ).exchanged
    }

    /// Empties `segment` and lets it begin with the record `first`. In this order, so that at any moment its end belongs to its beginning.
    /// - Returns: false when the journal was sealed.
    func begin(_ segment: Int, first: Int64) -> Bool {
        let end = UInt64(end(segment))
        guard
            endWord(segment).pointee.compareExchange(expected: end, desired: 0, ordering: .sequentiallyConsistent).exchanged
        else { return false }
        firstWord(segment).pointee.store(first, ordering: .sequentiallyConsistent)
        return true
    }

    /// Ends appending: what was published until now is all there will be.
    func seal() {
        for segment in 0..<JournalLayout.segments {
            endWord(segment).pointee.bitwiseOr(JournalLayout.sealed, ordering: .sequentiallyConsistent)
        }
    }

    /// Waits until everything published is on the device.
    /// - Returns: the error, or zero.
    func sync() -> Int32 { fdatasync(descriptor) == 0 ? 0 : errno }

    private func firstWord(_ segment: Int) -> UnsafeMutablePointer<Atomic<Int64>> {
        (base + JournalLayout.words(of: segment)).assumingMemoryBound(to: Atomic<Int64>.self)
    }

    private func endWord(_ segment: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (base + JournalLayout.words(of: segment) + 8).assumingMemoryBound(to: Atomic<UInt64>.self)
    }
}

/// Names of journal files.
enum JournalFiles {
    static func path(_ ledger: String, _ index: Int) -> String { "\(ledger)-journal-\(index)" }

    /// The journals beside the ledger at `path`, and the name of each in the ledger, by their indexes.
    static func all(_ ledger: String) throws(LedgerFailure) -> [(name: String, path: String)] {
        try indexes(ledger, suffix: "").map { (String($0), path(ledger, $0)) }
    }

    /// Removes what is left of journals that were never finished. They hold nothing.
    static func removeDrafts(_ ledger: String) throws(LedgerFailure) {
        for index in try indexes(ledger, suffix: draftSuffix) { unlink(path(ledger, index) + draftSuffix) }
    }

    static let draftSuffix = ".new"

    /// The numbers in the names of files that the ledger would name so; files that an operator has moved aside are left out.
    private static func indexes(_ ledger: String, suffix: String) throws(LedgerFailure) -> [Int] {
        let (directory, base) = split(ledger)
        guard let stream = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw .opening(directory, errno)
        }
        defer { closedir(stream) }
        let prefix = base + "-journal-"
        var indexes: [Int] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(prefix), let index = Int(name.dropFirst(prefix.count).dropLast(suffix.count)), index >= 0,
                name == prefix + String(index) + suffix
            else { continue }
            indexes.append(index)
        }
        return indexes.sorted()
    }

    /// Makes the names of new files durable. Errors are ignored: the next operation meets them too.
    static func syncDirectory(of path: String) {
        let descriptor = open(split(path).directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        _ = close(descriptor)
    }

    private static func split(_ path: String) -> (directory: String, base: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
