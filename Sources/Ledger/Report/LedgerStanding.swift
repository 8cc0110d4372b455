internal import Core
internal import GRDB
internal import Limits

/// What a ledger says at one moment about what counts in limits.
struct LedgerStanding {
    /// The amounts that were spent.
    let totals: [SpendingTotal]
    /// What open holds keep, less what of each was spent already.
    let held: [PastSpending]
}

extension UsageReader {
    /// What was spent, cut at `moments` as by ``LedgerStore/totals(cutAt:)``, and what is held.
    /// - Throws: ``LedgerFailure``: `invalid` for a ledger of an older version; `journalDamaged`, `inputOutput` …
    func standing(cutAt moments: [WallTime]) throws(LedgerFailure) -> LedgerStanding {
        try standing(cutAt: moments, journals: try PendingRecords(ledger: path))
    }

    /// - Parameter journals: a copy that was made before.
    func standing(cutAt moments: [WallTime], journals: PendingRecords) throws(LedgerFailure) -> LedgerStanding {
        do {
            return try snapshot { db in
                let pending = try journals.missing(in: db, UsageQuery())
                return LedgerStanding(totals: try Self.totals(moments, db, pending), held: try held(db, journals.images))
            }
        } catch {
            throw .from(error, path)
        }
    }

    private func held(_ db: Database, _ images: [JournalImage]) throws -> [PastSpending] {
        var holds = try OpenHolds(db)
        let positions = try LedgerSchema.journalPositions(db)
        for image in images {
            let resolved = positions[image.name]?.resolved ?? 0
            for item in image.items where item.sequence > resolved { try holds.take(item, image) }
        }
        // The sums include records that were committed and imported after the copy: the holds must account for them too.
        for image in try later(than: images, positions) {
            let known = images.first { $0.name == image.name }?.last ?? 0
            let imported = positions[image.name]?.sequence ?? 0
            for item in image.items where item.sequence > known && item.sequence <= imported { try holds.take(item, image) }
        }
        return try holds.all.values.map { PastSpending(held: try $0.inDoubt()) }
    }

    /// A second copy of the journals, if the ledger is ahead of the first.
    private func later(than images: [JournalImage], _ positions: [String: JournalPosition]) throws(LedgerFailure) -> [JournalImage] {
        let copied = Dictionary(images.map { ($0.name, $0.last) }) { first, _ in first }
        return positions.contains { $1.sequence > copied[$0] ?? 0 } ? try JournalImage.all(ledger: path) : []
    }
}

extension JournalImage {
    /// The number of the last frame.
    fileprivate var last: Int64 { items.last?.sequence ?? 0 }
}

extension OpenHolds {
    /// Accounts for a frame.
    fileprivate mutating func take(_ item: JournalItem, _ image: JournalImage) throws(LedgerFailure) {
        do throws(SQLiteFault) {
            try withExtendedLifetime(image) { () throws(SQLiteFault) in
                switch item.kind {
                case .hold: try open(item, in: image.name)
                case .release: close(try item.released())
                case .record:
                    guard let charge = UsageRecord(journaled: item.payload).flatMap({ HoldCharge($0) }) else { return }
                    if charge.settles { close(charge.id) } else { self.charge(charge, item, in: image.name) }
                }
            }
        } catch {
            throw .journalDamaged(path: image.path, detail: "frame \(item.sequence) makes no sense")
        }
    }
}

extension PastSpending {
    /// What is held, by the record that would be made of it if its request never ended.
    fileprivate init(held record: UsageRecord) {
        self.init(
            RequestScopes(team: record.team ?? record.organization ?? "", key: record.keyID, user: record.user),
            model: record.model ?? record.requestedModel, time: record.time,
            amount: Spending(usd: record.cost, tokens: record.tokens.input, requests: 1))
    }
}
