internal import Glibc

/// What is done at the start with the journals that an earlier run has left: import them, then remove them.
enum JournalRecovery {
    /// Records of one transaction.
    private static let batchLimit = 4_096

    /// Imports the journals beside the ledger that `connection` has open. Nobody may be appending to them.
    /// - Throws: `journalOfAnotherLedger` before anything is imported; `journalDamaged` after everything that can be read was imported;
    ///   failures of storage.
    static func run(_ connection: LedgerConnection, _ status: LedgerStatus) throws(LedgerFailure) {
        try JournalFiles.removeDrafts(connection.path)
        let images = try JournalImage.all(ledger: connection.path)
        for image in images where image.header.ledgerID != connection.ledgerID { throw .journalOfAnotherLedger(path: image.path) }
        if images.isEmpty { return }
        let positions = try connection.journalPositions()
        for image in images {
            status.found(try importRecords(of: image, after: positions[image.name] ?? 0, connection))
        }
        // The files may go only when their records would survive what they would have survived.
        try connection.checkpoint()
        var damage: LedgerFailure?
        for image in images { damage = try remove(image, status) ?? damage }
        if let damage { throw damage }
    }

    private static func importRecords(
        of image: JournalImage, after position: Int64, _ connection: LedgerConnection
    ) throws(LedgerFailure) -> Int {
        let missing = image.records.drop { $0.sequence <= position }
        var rest = missing
        while let last = rest.prefix(batchLimit).last {
            let position = JournalPosition(journal: image.name, sequence: last.sequence)
            try withExtendedLifetime(image) { () throws(LedgerFailure) in
                try connection.append(rest.prefix(batchLimit).map(\.payload), positions: [position])
            }
            rest = rest.dropFirst(batchLimit)
        }
        return missing.count
    }

    /// Removes an imported journal.
    /// - Returns: the damage that an operator must look at before the file may go.
    private static func remove(_ image: JournalImage, _ status: LedgerStatus) throws(LedgerFailure) -> LedgerFailure? {
        guard let failure = image.failure else {
            guard unlink(image.path) == 0 || errno == ENOENT else { throw .opening(image.path, errno) }
            return nil
        }
        if image.isOfThisBoot { return failure }
        // The system went down, and with normal durability the last moments may go with it. The file is kept, but nobody need wait.
        guard rename(image.path, "\(image.path).damaged-\(WallTime.now.microseconds)") == 0 else { throw .opening(image.path, errno) }
        status.warn(failure)
        return nil
    }
}
