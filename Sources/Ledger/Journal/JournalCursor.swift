internal import Synchronization

/// How far the writer thread has read a journal.
struct JournalCursor {
    private var segment: Int
    private var offset = 0
    /// The number of the next frame.
    private(set) var next: Int64
    /// The number of the first frame in the segment that it stands in.
    private var segmentFirst: Int64

    /// Stands before the first frame of `file` that is needed.
    init(_ file: JournalFile) {
        // A segment begins with that frame, because released frames end where a segment ends.
        next = file.released.load(ordering: .acquiring) + 1
        segmentFirst = next
        segment = file.first(0) == next ? 0 : 1
    }

    /// The last frame of the segments that are read to their ends.
    var finished: Int64 { segmentFirst - 1 }

    /// Whether frames wait to be read.
    func hasMore(_ file: JournalFile) -> Bool { offset < file.end(segment) || file.first(1 - segment) == next }

    /// The next frames of `file`, at most `limit`. They stay where they are until ``JournalFile/released`` says otherwise.
    /// - Throws: `journalDamaged`: another program wrote into the file, or memory is bad.
    mutating func read(_ file: JournalFile, limit: Int) throws(LedgerFailure) -> [JournalItem] {
        var items: [JournalItem] = []
        while items.count < limit {
            // In this order: if the next frame is not in the other segment even now, this end was not yet that of a reused segment.
            let end = file.end(segment)
            if file.first(1 - segment) == next {
                segment = 1 - segment
                segmentFirst = next
                offset = 0
            } else if offset < end {
                let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(file.bytes(segment)).prefix(end))
                guard let frame = JournalFrame(bytes, at: offset, sequence: next) else {
                    throw .journalDamaged(path: file.path, detail: "record \(next) at byte \(offset) of segment \(segment)")
                }
                items.append(
                    JournalItem(kind: frame.kind, sequence: next, payload: UnsafeRawBufferPointer(rebasing: bytes[frame.payload])))
                offset = frame.end
                next += 1
            } else {
                break
            }
        }
        return items
    }
}
