/// How far the writer thread has read a journal.
struct JournalCursor {
    private var segment = 0
    private var offset = 0
    /// The number of the next record.
    private(set) var next: Int64

    /// Stands before the record `next`, the first of a new journal.
    init(next: Int64) { self.next = next }

    /// Whether records wait to be read.
    func hasMore(_ file: JournalFile) -> Bool { offset < file.end(segment) || file.first(1 - segment) == next }

    /// Adds the payloads of records that come after number `position` to `payloads` until it holds `limit`, or no more are there. They stay
    /// where they are until ``JournalFile/imported`` says otherwise.
    /// - Throws: `journalDamaged`: somebody wrote into the file, or memory is bad.
    mutating func read(
        _ file: JournalFile, after position: Int64, into payloads: inout [UnsafeRawBufferPointer], limit: Int
    ) throws(LedgerFailure) {
        while payloads.count < limit {
            // In this order: if the next record is not in the other segment even now, this end was not yet that of a reused segment.
            let end = file.end(segment)
            if file.first(1 - segment) == next {
                segment = 1 - segment
                offset = 0
            } else if offset < end {
                let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(file.bytes(segment)).prefix(end))
                guard let frame = JournalFrame(bytes, at: offset, sequence: next) else {
                    throw .journalDamaged(path: file.path, detail: "record \(next) at byte \(offset) of segment \(segment)")
                }
                if next > position { payloads.append(UnsafeRawBufferPointer(rebasing: bytes[frame.payload])) }
                offset = frame.end
                next += 1
            } else {
                return
            }
        }
    }
}
