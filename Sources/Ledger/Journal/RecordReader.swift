internal import Core

/// Status (the lower eight bits) and flags of a record.
struct RecordBits {
    let rawValue: UInt32
    private static let stream: UInt32 = 1 << 8
    private static let estimated: UInt32 = 1 << 9
    private static let firstToken: UInt32 = 1 << 10
    private static let holdIsCall: UInt32 = 1 << 11
    private static let settlesHold: UInt32 = 1 << 12
    private static let doubt: UInt32 = 1 << 13

    init(_ record: UsageRecord) {
        rawValue =
            UInt32(truncatingIfNeeded: record.status.stored) | (record.isStream ? Self.stream : 0)
            | (record.isEstimated ? Self.estimated : 0) | (record.firstTokenMicroseconds == nil ? 0 : Self.firstToken)
            | (record.hold == record.callID ? Self.holdIsCall : 0) | (record.settlesHold ? Self.settlesHold : 0)
            | (record.hasDoubt ? Self.doubt : 0)
    }

    init(rawValue: UInt32) { self.rawValue = rawValue }

    var status: UsageRecord.Status? { UsageRecord.Status(stored: Int64(rawValue & 0xFF)) }
    var isStream: Bool { rawValue & Self.stream != 0 }
    var isEstimated: Bool { rawValue & Self.estimated != 0 }
    var hasFirstToken: Bool { rawValue & Self.firstToken != 0 }
    /// The hold is named like the call, and not written out.
    var holdIsCall: Bool { rawValue & Self.holdIsCall != 0 }
    var settlesHold: Bool { rawValue & Self.settlesHold != 0 }
    /// Two numbers behind the metadata: what is in doubt.
    var hasDoubt: Bool { rawValue & Self.doubt != 0 }
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
    static let optionals = 17

    mutating func metadata() -> [UsageRecord.Tag]? {
        guard let count = number(UInt32.self) else { return nil }
        // No capacity is reserved up front: the number comes from the file and cannot be trusted.
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
        settlesHold = bits.settlesHold
        if bits.holdIsCall { hold = callID }
        self.tokens.tier = ServiceTier(priceVersion: priceVersion)
        guard readOptionals(&reader), let metadata = reader.metadata() else { return nil }
        self.metadata = metadata
        if bits.hasDoubt {
            guard let money: Int64 = reader.number(), let tokens: Int64 = reader.number() else { return nil }
            (inDoubt, inDoubtTokens) = (NanoUSD(nanos: money), tokens)
        }
        guard reader.isAtEnd else { return nil }
    }

    private mutating func readOptionals(_ reader: inout RecordReader) -> Bool {
        guard let present = reader.presence() else { return false }
        var further: String?
        return reader.text(0, present, into: &parent) && reader.text(1, present, into: &organization)
            && reader.text(2, present, into: &team) && reader.text(3, present, into: &keyID) && reader.text(4, present, into: &user)
            && reader.text(5, present, into: &route) && reader.text(6, present, into: &task)
            && reader.text(7, present, into: &complexity) && reader.text(8, present, into: &experiment)
            && reader.text(9, present, into: &arm) && reader.text(10, present, into: &role)
            && reader.text(11, present, into: &provider) && reader.text(12, present, into: &model)
            && reader.text(13, present, into: &errorCode) && reader.text(14, present, into: &tool) && reader.text(15, present, into: &hold)
            && reader.text(16, present, into: &further) && tokens.add(further: further)
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
