internal import Chat
internal import Glibc

/// Writes the binary form of usage records, version 1: nine 64-bit numbers, status, flags, one bit for each text that is there, then the
/// texts and the metadata, each as 32 bits of length and its bytes. Little-endian.
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
        var present: UInt32 = 0
        let place = offset
        append(present)
        appendOptionals(record, &present)
        append(UInt32(truncatingIfNeeded: record.metadata.count))
        for tag in record.metadata {
            append(tag.name)
            append(tag.value)
        }
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
    }

    @inline(__always) private mutating func append(_ text: String?, _ bit: UInt32, _ present: inout UInt32) {
        guard let text else { return }
        present |= 1 << bit
        append(text)
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { text in
            guard let length = UInt32(exactly: text.count), hasRoom(4 + text.count) else { return }
            bytes.storeBytes(of: length.littleEndian, toByteOffset: offset, as: UInt32.self)
            if let source = text.baseAddress, let target = bytes.baseAddress { memcpy(target + offset + 4, source, text.count) }
            offset += 4 + text.count
        }
    }

    @inline(__always) private mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) {
        guard hasRoom(MemoryLayout<Number>.size) else { return }
        bytes.storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
        offset += MemoryLayout<Number>.size
    }

    @inline(__always) private mutating func hasRoom(_ count: Int) -> Bool {
        if bytes.count - offset < count { fits = false }
        return fits
    }
}

/// Status (the lower eight bits) and flags of a record.
struct RecordBits {
    let rawValue: UInt32
    private static let stream: UInt32 = 1 << 8
    private static let estimated: UInt32 = 1 << 9
    private static let firstToken: UInt32 = 1 << 10

    init(_ record: UsageRecord) {
        rawValue =
            UInt32(truncatingIfNeeded: record.status.stored) | (record.isStream ? Self.stream : 0)
            | (record.isEstimated ? Self.estimated : 0) | (record.firstTokenMicroseconds == nil ? 0 : Self.firstToken)
    }

    init(rawValue: UInt32) { self.rawValue = rawValue }

    var status: UsageRecord.Status? { UsageRecord.Status(stored: Int64(rawValue & 0xFF)) }
    var isStream: Bool { rawValue & Self.stream != 0 }
    var isEstimated: Bool { rawValue & Self.estimated != 0 }
    var hasFirstToken: Bool { rawValue & Self.firstToken != 0 }
}

/// Takes numbers and texts from bytes of unknown origin; `nil` from the first thing on that is not there.
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type = Number.self) -> Number? {
        guard bytes.count - offset >= MemoryLayout<Number>.size else { return nil }
        defer { offset += MemoryLayout<Number>.size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    mutating func textBytes() -> UnsafeRawBufferPointer? {
        guard let length = number(UInt32.self).map(Int.init), bytes.count - offset >= length else { return nil }
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }

    mutating func text() -> String? { textBytes().map { String(decoding: $0, as: UTF8.self) } }

    /// The bits of the texts that may be missing.
    mutating func presence() -> UInt32? {
        guard let present = number(UInt32.self), present < 1 << Self.optionals else { return nil }
        return present
    }

    /// Texts that may be missing.
    static let optionals = 15

    mutating func metadata() -> [UsageRecord.Tag]? {
        guard let count = number(UInt32.self) else { return nil }
        // No reservation: the number comes from the file, and each entry must show itself first.
        var tags: [UsageRecord.Tag] = []
        for _ in 0..<count {
            guard let name = text(), let value = text() else { return nil }
            tags.append(UsageRecord.Tag(name, value))
        }
        return tags
    }

    /// The text that stands for `bit`; nothing when it is not set.
    /// - Returns: false when the text is set but missing.
    mutating func text(_ bit: UInt32, _ present: UInt32, into field: inout String?) -> Bool {
        guard present & 1 << bit != 0 else { return true }
        field = text()
        return field != nil
    }
}

extension UsageRecord {
    /// Reads what ``RecordWriter`` wrote; `nil` for anything else.
    init?(journaled bytes: UnsafeRawBufferPointer) {
        var reader = RecordReader(bytes)
        guard let time: Int64 = reader.number(), let tokens = TokenUsage(&reader), let cost: Int64 = reader.number(),
            let latency: Int64 = reader.number(), let firstToken: Int64 = reader.number(),
            let bits = reader.number(UInt32.self).map(RecordBits.init(rawValue:)), let status = bits.status, let requestID = reader.text(),
            let callID = reader.text(),
            let requestedModel = reader.text(), let priceVersion = reader.text()
        else { return nil }
        self.init(
            requestID: requestID, callID: callID, time: WallTime(microseconds: time), requestedModel: requestedModel,
            priceVersion: priceVersion, status: status)
        self.tokens = tokens
        self.cost = NanoUSD(nanos: cost)
        latencyMicroseconds = latency
        firstTokenMicroseconds = bits.hasFirstToken ? firstToken : nil
        isStream = bits.isStream
        isEstimated = bits.isEstimated
        guard readOptionals(&reader), let metadata = reader.metadata(), reader.isAtEnd else { return nil }
        self.metadata = metadata
    }

    private mutating func readOptionals(_ reader: inout RecordReader) -> Bool {
        guard let present = reader.presence() else { return false }
        return reader.text(0, present, into: &parent) && reader.text(1, present, into: &organization)
            && reader.text(2, present, into: &team) && reader.text(3, present, into: &keyID) && reader.text(4, present, into: &user)
            && reader.text(5, present, into: &route) && reader.text(6, present, into: &task)
            && reader.text(7, present, into: &complexity) && reader.text(8, present, into: &experiment)
            && reader.text(9, present, into: &arm) && reader.text(10, present, into: &role)
            && reader.text(11, present, into: &provider) && reader.text(12, present, into: &model)
            && reader.text(13, present, into: &errorCode) && reader.text(14, present, into: &tool)
    }
}

extension TokenUsage {
    fileprivate init?(_ reader: inout RecordReader) {
        guard let input: Int64 = reader.number(), let cachedInput: Int64 = reader.number(), let cacheWrite: Int64 = reader.number(),
            let output: Int64 = reader.number(), let reasoning: Int64 = reader.number()
        else { return nil }
        self.init(input: input, cachedInput: cachedInput, cacheWrite: cacheWrite, output: output, reasoning: reasoning)
    }
}
