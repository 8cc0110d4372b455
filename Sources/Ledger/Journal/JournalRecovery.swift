internal import Core
internal import Glibc

/// What is done at the start with the journals that an earlier run has left: import them, charge what is still held, then remove them.
enum JournalRecovery {
    /// Frames of one transaction.
    private static let batchLimit = 4_096

    /// Imports the journals beside the ledger that `connection` has open. No loop may be appending to them.
    /// - Throws: `journalOfAnotherLedger` before anything is imported; `journalDamaged` after everything that can be read was imported;
    ///   failures of storage.
    static func run(_ connection: LedgerConnection, _ status: LedgerStatus) throws(LedgerFailure) {
        try JournalFiles.removeDrafts(connection.path)
        let images = try JournalImage.all(ledger: connection.path)
        for image in images where image.header.ledgerID != connection.ledgerID { throw .journalOfAnotherLedger(path: image.path) }
        if images.isEmpty && connection.openHolds == 0 { return }
        let positions = try connection.journalPositions()
        for image in images { status.found(try take(image, positions[image.name] ?? JournalPosition(), connection)) }
        let last = images.map { ($0.name, $0.items.last?.sequence ?? 0) }
        status.charged(try connection.resolveHolds(Dictionary(last) { max($0, $1) }))
        // The files may be removed only when their records are as durable in the ledger as they were in the files.
        try connection.checkpoint()
        var damage: LedgerFailure?
        for image in images { damage = try remove(image, status) ?? damage }
        if let damage { throw damage }
    }

    /// - Returns: how many records were not in the ledger.
    private static func take(
        _ image: JournalImage, _ position: JournalPosition, _ connection: LedgerConnection
    ) throws(LedgerFailure) -> Int {
        // Also frames whose records are in the ledger already: they may have opened holds.
        var rest = image.items.drop { $0.sequence <= position.resolved }
        var imported = position.sequence
        var count = 0
        while let last = rest.prefix(batchLimit).last {
            let items = Array(rest.prefix(batchLimit))
            let batch = JournalBatch(
                journal: image.name, items: items, imported: imported, last: max(imported, last.sequence), released: 0)
            try withExtendedLifetime(image) { () throws(LedgerFailure) in try connection.append([batch]) }
            count += items.count { $0.kind == .record && $0.sequence > imported }
            imported = batch.last
            rest = rest.dropFirst(batchLimit)
        }
        return count
    }

    /// Removes an imported journal.
    /// - Returns: the damage that an operator must look at before the file may go.
    private static func remove(_ image: JournalImage, _ status: LedgerStatus) throws(LedgerFailure) -> LedgerFailure? {
        guard let failure = image.failure else {
            guard unlink(image.path) == 0 || errno == ENOENT else { throw .opening(image.path, errno) }
            return nil
        }
        if image.isOfThisBoot { return failure }
        // The system went down, and with normal durability the last moments may go with it. The file is kept under another name, but the
        // start need not wait for an operator.
        guard rename(image.path, "\(image.path).damaged-\(WallTime.now.microseconds)") == 0 else { throw .opening(image.path, errno) }
        status.warn(failure)
        return nil
    }
}
