/// Reads `ledger:`.
enum LedgerDecoder {
    private enum Failure: String, CaseIterable { case closed, open }

    /// Whether `fail: open` is written.
    static func failsOpen(_ field: FieldReader) -> Bool {
        let failure: Failure? = field.mapping(.ledger)?["fail"]?.word("value of fail")
        return failure == .open
    }
}
