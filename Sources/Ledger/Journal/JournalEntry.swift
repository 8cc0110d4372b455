internal import Core

/// What a frame of a journal says. Never to be renumbered.
enum JournalKind: UInt8 {
    /// A usage record, which may settle a hold.
    case record = 0
    /// A hold, or the new amount of one.
    case hold = 1
    /// The end of a hold without a record.
    case release = 2
}

/// Something that can be written to a journal.
protocol JournalEntry {
    static var kind: JournalKind { get }
    /// For messages.
    var label: String { get }
    func write(to writer: inout RecordWriter)
}

extension UsageRecord: JournalEntry {
    static var kind: JournalKind { .record }
    var label: String { "the record of call \(callID.prefix(80))" }
    func write(to writer: inout RecordWriter) { writer.append(self) }
}

/// The end of a hold of which nothing more will be charged.
struct HoldRelease: JournalEntry {
    let id: String

    static var kind: JournalKind { .release }
    var label: String { "the release of hold \(id.prefix(80))" }
    func write(to writer: inout RecordWriter) { writer.append(id) }
}

extension HoldRecord: JournalEntry {
    static var kind: JournalKind { .hold }
    var label: String { "the hold \(id.prefix(80))" }

    /// Three 64-bit numbers, four texts, one bit for each further text that is there, and those.
    func write(to writer: inout RecordWriter) {
        writer.append(time.microseconds)
        writer.append(amount.nanos)
        writer.append(tokens)
        writer.append(id)
        writer.append(requestID)
        writer.append(requestedModel)
        writer.append(priceVersion)
        let place = writer.reservePresence()
        var present: UInt32 = 0
        writer.append(organization, 0, &present)
        writer.append(team, 1, &present)
        writer.append(keyID, 2, &present)
        writer.append(user, 3, &present)
        writer.append(model, 4, &present)
        writer.setPresence(present, at: place)
    }

    /// Reads what ``write(to:)`` wrote; `nil` for anything else.
    init?(journaled bytes: UnsafeRawBufferPointer) {
        var reader = RecordReader(bytes)
        guard let time: Int64 = reader.number(), let amount: Int64 = reader.number(), let tokens: Int64 = reader.number(),
            let id = reader.text(), let requestID = reader.text(), let requestedModel = reader.text(), let priceVersion = reader.text()
        else { return nil }
        self.init(
            id: id, requestID: requestID, time: WallTime(microseconds: time), requestedModel: requestedModel,
            amount: NanoUSD(nanos: amount), tokens: tokens, priceVersion: priceVersion)
        guard let present = reader.presence(), reader.text(0, present, into: &organization), reader.text(1, present, into: &team),
            reader.text(2, present, into: &keyID), reader.text(3, present, into: &user), reader.text(4, present, into: &model),
            reader.isAtEnd
        else { return nil }
    }

    /// The id of the hold that `bytes` describe, where it stands.
    static func id(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var reader = RecordReader(bytes)
        for _ in 0..<3 where reader.number(Int64.self) == nil { return nil }
        return reader.textBytes()
    }
}

/// A frame that was read from a journal. The payload stays where it is.
struct JournalItem {
    let kind: JournalKind
    let sequence: Int64
    let payload: UnsafeRawBufferPointer
}

/// Frames of one journal that go into the ledger together.
struct JournalBatch {
    /// The journal's name.
    let journal: String
    /// In the order of their numbers.
    var items: [JournalItem] = []
    /// The number of the last record that is in the ledger already; of what comes before it only the holds count.
    var imported: Int64
    /// The number of the last frame that is read.
    var last: Int64
    /// Frames up to this one may be overwritten afterwards: holds that they have opened and not ended are stored in the ledger.
    var released: Int64
}
