internal import Core
internal import Glibc

/// Writes the binary form of usage records, version 1: nine 64-bit numbers, status, flags, one bit for each text that is there, then the
/// texts and the metadata, each as 32 bits of length and its bytes; where the flag for it is set, the money and the tokens in doubt.
/// Little-endian.
///
/// The chain of the ledger is made of these bytes, so the form of a record never changes: what is new gets a new bit.
struct RecordWriter {
    private let bytes: UnsafeMutableRawBufferPointer
    /// Where the next byte goes.
    private(set) var offset: Int
    /// Whether everything so far had room.
    private(set) var fits = true

    /// Writes to `bytes` from `offset` on.
    init(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    mutating func append(_ record: UsageRecord) {
        appendNumbers(record)
        append(record.requestID)
        append(record.callID)
        append(record.requestedModel)
        append(record.priceVersion)
        let place = reservePresence()
        var present: UInt32 = 0
        appendOptionals(record, &present)
        setPresence(present, at: place)
        append(UInt32(truncatingIfNeeded: record.metadata.count))
        for tag in record.metadata {
            append(tag.name)
            append(tag.value)
        }
        guard record.hasDoubt else { return }
        append(record.inDoubt.nanos)
        append(record.inDoubtTokens)
    }

    /// Leaves room for the bits of the texts that may be missing.
    mutating func reservePresence() -> Int {
        defer { append(0 as UInt32) }
        return offset
    }

    /// Fills the room in.
    func setPresence(_ present: UInt32, at place: Int) {
        if fits { bytes.storeBytes(of: present.littleEndian, toByteOffset: place, as: UInt32.self) }
    }

    private mutating func appendNumbers(_ record: UsageRecord) {
        append(record.time.microseconds)
        append(record.tokens.input)
        append(record.tokens.cachedInput)
        append(record.tokens.cacheWrite)
        append(record.tokens.output)
        append(record.tokens.reasoning)
        append(record.cost.nanos)
        append(record.latencyMicroseconds)
        append(record.firstTokenMicroseconds ?? 0)
        append(RecordBits(record).rawValue)
    }

    private mutating func appendOptionals(_ record: UsageRecord, _ present: inout UInt32) {
        append(record.parent, 0, &present)
        append(record.organization, 1, &present)
        append(record.team, 2, &present)
        append(record.keyID, 3, &present)
        append(record.user, 4, &present)
        append(record.route, 5, &present)
        append(record.task, 6, &present)
        append(record.complexity, 7, &present)
        append(record.experiment, 8, &present)
        append(record.arm, 9, &present)
        append(record.role, 10, &present)
        append(record.provider, 11, &present)
        append(record.model, 12, &present)
        append(record.errorCode, 13, &present)
        append(record.tool, 14, &present)
        append(record.hold == record.callID ? nil : record.hold, 15, &present)
        append(record.tokens.further, 16, &present)
    }

    @inline(__always) mutating func append(_ text: String?, _ bit: UInt32, _ present: inout UInt32) {
        guard let text else { return }
        present |= 1 << bit
        append(text)
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { text in
            guard let length = UInt32(exactly: text.count), hasRoom(4 + text.count) else { return }
            bytes.storeBytes(of: length.littleEndian, toByteOffset: offset, as: UInt32.self)
            if let source = text.baseAddress, let target = bytes.baseAddress { memcpy(target + offset + 4, source, text.count) }
            offset += 4 + text.count
        }
    }

    @inline(__always) mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) {
        guard hasRoom(MemoryLayout<Number>.size) else { return }
        bytes.storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
        offset += MemoryLayout<Number>.size
    }

    @inline(__always) private mutating func hasRoom(_ count: Int) -> Bool {
        if bytes.count - offset < count { fits = false }
        return fits
    }
}
