internal import Glibc

/// A copy of a journal file, made without the help of its owner: by readers beside it, and at the start after its owner has died.
struct JournalImage {
    let name: String
    let path: String
    let header: JournalHeader
    /// The frames that are intact, by their numbers, rising. The payloads live as long as the image.
    private(set) var items: [JournalItem] = []
    private let segments: [ImageBytes]
    /// What is missing although it had been committed; `nil`: nothing.
    private(set) var damage: String?

    /// Whether the file was written since the operating system started: then no page of it can be missing.
    var isOfThisBoot: Bool { header.bootID == JournalHeader.currentBootID }

    /// The damage as a failure.
    var failure: LedgerFailure? { damage.map { .journalDamaged(path: path, detail: $0) } }

    /// Copies all journals of the ledger at `path`.
    ///
    /// - Throws: `newerVersion`, `journalDamaged` for damaged headers, `cannotOpen`, `inputOutput` …
    static func all(ledger path: String) throws(LedgerFailure) -> [JournalImage] {
        var images: [JournalImage] = []
        for (name, path) in try JournalFiles.all(path) {
            if let image = try JournalImage(name: name, path: path) { images.append(image) }
        }
        return images
    }

    /// Copies the journal at `path`; `nil` when there is none.
    ///
    /// The owner may go on all the while. It overwrites a segment only when all its records are in the ledger. So a segment that has got
    /// another first record during the copy is left out: its old records are found in the ledger, which must be looked at *after* this,
    /// and its new ones were committed after the copy had begun.
    init?(name: String, path: String) throws(LedgerFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .opening(path, errno)
        }
        defer { _ = close(descriptor) }
        self.name = name
        self.path = path
        let before = try ImageBytes(descriptor, path, at: 0, count: JournalLayout.headerBytes).copy()
        let header = try JournalHeader(before, path: path)
        self.header = header
        var info = stat()
        let size = JournalLayout.fileBytes(segment: header.segmentBytes)
        guard fstat(descriptor, &info) == 0, Int(info.st_size) == size else {
            throw .journalDamaged(path: path, detail: "it should have \(size) bytes and has \(info.st_size)")
        }
        var segments: [ImageBytes] = []
        for segment in 0..<JournalLayout.segments {
            let start = JournalLayout.start(of: segment, segmentBytes: header.segmentBytes)
            segments.append(try ImageBytes(descriptor, path, at: start, count: header.segmentBytes))
        }
        self.segments = segments
        let after = try ImageBytes(descriptor, path, at: 0, count: JournalLayout.headerBytes).copy()
        for segment in 0..<JournalLayout.segments {
            let words = Self.words(before, segment)
            let later = Self.words(after, segment)
            guard words.first != 0, words.first == later.first, words.end <= later.end else { continue }
            walk(segments[segment].bytes, first: words.first, end: words.end, segment)
        }
        items.sort { $0.sequence < $1.sequence }
    }

    private static func words(_ header: [UInt8], _ segment: Int) -> (first: Int64, end: UInt64) {
        let place = JournalLayout.words(of: segment)
        return (header.number(at: place, Int64.self), header.number(at: place + 8, UInt64.self) & ~JournalLayout.sealed)
    }

    /// Reads the records of a segment, also those that were complete but not yet committed when the process died.
    private mutating func walk(_ bytes: UnsafeRawBufferPointer, first: Int64, end: UInt64, _ segment: Int) {
        var offset = 0
        var sequence = first
        while true {
            if Self.plausible.contains(sequence), let frame = JournalFrame(bytes, at: offset, sequence: sequence) {
                items.append(
                    JournalItem(kind: frame.kind, sequence: sequence, payload: UnsafeRawBufferPointer(rebasing: bytes[frame.payload])))
                offset = frame.end
                sequence += 1
                continue
            }
            guard UInt64(offset) < end else { return }
            damage = damage ?? "record \(sequence) at byte \(offset) of segment \(segment)"
            // What comes behind the damage is still good.
            guard let next = Self.nextFrame(bytes, after: offset) else { return }
            (offset, sequence) = next
        }
    }

    /// The next intact frame after `offset`, whatever its number.
    private static func nextFrame(_ bytes: UnsafeRawBufferPointer, after offset: Int) -> (offset: Int, sequence: Int64)? {
        for offset in stride(from: offset + 8, to: bytes.count, by: 8) {
            guard let sequence = JournalFrame.sequence(bytes, at: offset), plausible.contains(sequence) else { continue }
            if JournalFrame(bytes, at: offset, sequence: sequence) != nil { return (offset, sequence) }
        }
        return nil
    }

    /// Numbers that records can have: more than there will ever be, and far from overflowing.
    private static let plausible: Range<Int64> = 1..<1 << 62
}

/// A part of a file in memory.
private final class ImageBytes {
    let bytes: UnsafeRawBufferPointer

    /// Reads `count` bytes from `start` on.
    init(_ descriptor: Int32, _ path: String, at start: Int, count: Int) throws(LedgerFailure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        bytes = UnsafeRawBufferPointer(buffer)
        var filled = 0
        while filled < count {
            let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, start + filled)
            if got < 0, errno == EINTR { continue }
            if got < 0 { throw .inputOutput(path: path, detail: String(cString: strerror(errno))) }
            if got == 0 { throw .journalDamaged(path: path, detail: "it ends early") }
            filled += got
        }
    }

    deinit { bytes.deallocate() }

    /// A copy of the bytes, which stays valid when this object is freed.
    func copy() -> [UInt8] { Array(bytes) }
}
