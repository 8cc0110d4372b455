internal import Glibc

/// Where things stand in a journal file: one page of header, then two segments.
///
/// The header begins with what never changes while the file lives (``JournalHeader``). On cache lines of their own follow two words for
/// each segment: the sequence number of its first record, and the end of its last committed record.
enum JournalLayout {
    static let headerBytes = 4_096
    static let segments = 2
    /// Before each payload: checksum (of all that follows), sequence number, kind and length of the payload; 8, 8 and 8 bytes.
    static let frameHeader = 24

    static func fileBytes(segment: Int) -> Int { headerBytes + segments * segment }

    /// Offset of the sequence number of the first record in `segment`; the end of the last record stands 8 bytes further on.
    static func words(of segment: Int) -> Int { 1_024 * (1 + segment) }

    static func start(of segment: Int, segmentBytes: Int) -> Int { headerBytes + segment * segmentBytes }

    /// Set in a segment's end word when the ledger was closed: nothing may be appended any more.
    static let sealed: UInt64 = 1 << 63
}

/// What the beginning of a journal file says about it.
struct JournalHeader: Equatable {
    /// The ledger it belongs to: 32 hexadecimal digits.
    let ledgerID: String
    /// The start of the operating system in which it was written. In the same one, no page of it can be missing.
    let bootID: String
    /// Bytes of a segment: a multiple of 8.
    let segmentBytes: Int

    /// 2: frames have kinds. Whatever version 1 holds reads the same.
    static let version: UInt32 = 2
    private static let magic = Array("PURSERJL".utf8)
    /// Bytes before the header's own checksum.
    private static let covered = 88
    static let size = covered + 8

    /// The header of a file that is made now.
    init(ledgerID: String, segmentBytes: Int, bootID: String = Self.currentBootID) {
        self.ledgerID = ledgerID
        self.bootID = bootID
        self.segmentBytes = segmentBytes
    }

    /// Reads and verifies the header of the file at `path`.
    /// - Throws: `newerVersion`, `journalDamaged`.
    init(_ bytes: [UInt8], path: String) throws(LedgerFailure) {
        guard bytes.count >= Self.size, bytes.starts(with: Self.magic) else {
            throw .journalDamaged(path: path, detail: "it does not begin like a journal")
        }
        let version = bytes.number(at: 8, UInt32.self)
        if version > Self.version { throw .newerVersion(path: path, found: Int(version), supported: Int(Self.version)) }
        let checksum = bytes[..<Self.covered].withUnsafeBytes { XXH64.hash($0) }
        guard version >= 1, checksum == bytes.number(at: Self.covered, UInt64.self) else {
            throw .journalDamaged(path: path, detail: "its header is damaged")
        }
        segmentBytes = Int(bytes.number(at: 12, UInt32.self))
        ledgerID = String(decoding: bytes[16..<48], as: UTF8.self)
        bootID = String(decoding: bytes[48..<84], as: UTF8.self)
    }

    /// The header as it stands in the file.
    var bytes: [UInt8] {
        var bytes = Self.magic
        withUnsafeBytes(of: Self.version.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(segmentBytes).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: Self.padded(ledgerID, 32))
        bytes.append(contentsOf: Self.padded(bootID, 36))
        bytes.append(contentsOf: [0, 0, 0, 0])
        let checksum = bytes.withUnsafeBytes { XXH64.hash($0) }
        withUnsafeBytes(of: checksum.littleEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    private static func padded(_ text: String, _ width: Int) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(width))
        return bytes + [UInt8](repeating: UInt8(ascii: " "), count: width - bytes.count)
    }

    /// Changes with every start of the operating system; spaces where the system does not say.
    static let currentBootID: String = {
        var bytes = [UInt8](repeating: UInt8(ascii: " "), count: 36)
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 {
            _ = read(descriptor, &bytes, bytes.count)
            _ = close(descriptor)
        }
        return String(decoding: bytes, as: UTF8.self)
    }()
}

extension [UInt8] {
    /// The little-endian number at `offset`, which must be there.
    func number<Number: FixedWidthInteger>(at offset: Int, _: Number.Type) -> Number {
        self[offset..<offset + MemoryLayout<Number>.size].reversed().reduce(0) { $0 << 8 | Number($1) }
    }
}
