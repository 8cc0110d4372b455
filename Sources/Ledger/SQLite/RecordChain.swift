internal import COpenSSL
internal import Core
internal import GRDB
internal import GRDBSQLite

/// A place in the chain of records: the SHA-256 of the place before and the record in its binary form (``RecordWriter``).
///
/// To change, remove or move a record unnoticed, all places behind it must be forged too, and a place that was written down elsewhere shows
/// that.
package struct RecordHash: Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static let byteCount = 32

    /// The place before the first record of the ledger `id`.
    package init(ledger id: String) { self = Self.digest(of: Array(id.utf8)) }

    /// Reads 32 bytes; `nil` for any other number.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// Reads 64 hexadecimal digits; `nil` for anything else.
    init?(hex: String) {
        guard let digest = KeyDigest(hex: hex) else { return nil }
        self.init(bytes: digest.bytes)
    }

    private init() {}

    /// The place of `record`, which comes behind this one.
    package func next(_ record: UnsafeRawBufferPointer) -> RecordHash {
        var context = SHA256_CTX()
        SHA256_Init(&context)
        withBytes { _ = SHA256_Update(&context, $0.baseAddress, $0.count) }
        SHA256_Update(&context, record.baseAddress, record.count)
        return Self.finish(&context)
    }

    private static func digest(of bytes: [UInt8]) -> RecordHash {
        var context = SHA256_CTX()
        SHA256_Init(&context)
        SHA256_Update(&context, bytes, bytes.count)
        return finish(&context)
    }

    private static func finish(_ context: inout SHA256_CTX) -> RecordHash {
        var hash = RecordHash()
        withUnsafeMutableBytes(of: &hash.words) {
            _ = SHA256_Final($0.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
        }
        return hash
    }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { withUnsafeBytes(of: words, body) }

    package var hex: String { KeyDigest(bytes: withBytes { Array($0) })?.hex ?? "" }

    package static func == (a: RecordHash, b: RecordHash) -> Bool { a.words == b.words }
}

/// The end of the chain, as the table `meta` keeps it.
struct ChainHead: Equatable {
    /// The id of the last record in the chain; zero: none.
    var id: Int64
    var hash: RecordHash

    init(id: Int64, hash: RecordHash) {
        self.id = id
        self.hash = hash
    }

    /// - Throws: errors of SQLite; `nil` when the file does not say.
    init?(_ db: Database) throws {
        guard let id = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'chain_id'").flatMap(Int64.init),
            let hash = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'chain_head'").flatMap(RecordHash.init(hex:))
        else { return nil }
        self.id = id
        self.hash = hash
    }

    static func statement(_ db: Database) throws -> Statement {
        try db.makeStatement(sql: "INSERT OR REPLACE INTO meta (name, value) VALUES ('chain_id', ?), ('chain_head', ?)")
    }

    /// Stores the end; `statement` is ``statement(_:)``.
    func store(_ statement: Statement) throws(SQLiteFault) {
        for (index, text) in [String(id), hash.hex].enumerated() {
            Array(text.utf8).withUnsafeBytes { bindText(statement.sqliteStatement, Int32(index + 1), $0, copying: true) }
        }
        try statement.run()
    }
}
