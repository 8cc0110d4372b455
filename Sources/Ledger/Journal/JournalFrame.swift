internal import Glibc

/// One entry in a segment: its header and its payload, filled up to a multiple of eight bytes.
struct JournalFrame {
    let kind: JournalKind
    /// Where the payload stands in the segment.
    let payload: Range<Int>
    /// Where the next frame begins.
    let end: Int

    /// Finds the intact frame at `offset`, which must carry the number `sequence`; `nil` when there is none.
    init?(_ segment: UnsafeRawBufferPointer, at offset: Int, sequence: Int64) {
        guard offset >= 0, segment.count - offset >= JournalLayout.frameHeader,
            Self.word(segment, offset + 8) == UInt64(bitPattern: sequence)
        else { return nil }
        let word = Self.word(segment, offset + 16)
        let length = word & Self.lengthBits
        guard let kind = JournalKind(rawValue: UInt8(truncatingIfNeeded: word >> Self.kindShift)) else { return nil }
        self.kind = kind
        let start = offset + JournalLayout.frameHeader
        guard length <= UInt64(segment.count - start) else { return nil }
        payload = start..<start + Int(length)
        end = (payload.upperBound + 7) & ~7
        guard end <= segment.count,
            Self.word(segment, offset) == XXH64.hash(UnsafeRawBufferPointer(rebasing: segment[offset + 8..<payload.upperBound]))
        else { return nil }
    }

    /// The kind stands above the length. (Version 1 knew records only, whose kind is zero.)
    private static let kindShift: UInt64 = 56
    private static let lengthBits: UInt64 = 1 << kindShift - 1

    /// The number that the frame at `offset` claims to have.
    static func sequence(_ segment: UnsafeRawBufferPointer, at offset: Int) -> Int64? {
        guard offset >= 0, segment.count - offset >= JournalLayout.frameHeader else { return nil }
        return Int64(bitPattern: word(segment, offset + 8))
    }

    /// Encodes `entry` as the frame at `offset`. Readers do not see it before the segment's end word is moved behind it.
    /// - Returns: where the next frame will begin; `nil` when there is not enough room.
    static func write<Entry: JournalEntry>(
        _ entry: Entry, sequence: Int64, to segment: UnsafeMutableRawBufferPointer, at offset: Int
    ) -> Int? {
        guard segment.count - offset >= JournalLayout.frameHeader else { return nil }
        var writer = RecordWriter(segment, at: offset + JournalLayout.frameHeader)
        entry.write(to: &writer)
        guard writer.fits else { return nil }
        let length = writer.offset - offset - JournalLayout.frameHeader
        let end = (writer.offset + 7) & ~7
        guard end <= segment.count else { return nil }
        segment.storeBytes(of: UInt64(bitPattern: sequence).littleEndian, toByteOffset: offset + 8, as: UInt64.self)
        let word = UInt64(Entry.kind.rawValue) << kindShift | UInt64(length)
        segment.storeBytes(of: word.littleEndian, toByteOffset: offset + 16, as: UInt64.self)
        let checksum = XXH64.hash(UnsafeRawBufferPointer(rebasing: segment[offset + 8..<writer.offset]))
        segment.storeBytes(of: checksum.littleEndian, toByteOffset: offset, as: UInt64.self)
        return end
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
