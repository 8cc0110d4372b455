internal import Core
internal import Ledger
internal import Limits

extension LimitIdentity {
    /// The limit's name in the database: the same in every gateway, and of no other limit.
    ///
    /// Parts between bars, with whatever is not printable ASCII percent-encoded. A name too long for an index keeps its beginning, for people,
    /// and a hash. Those of limits on requests under way begin with a bar, which no path does: the database has rules of its own for slots.
    var databaseName: String { kind == .concurrent ? Self.slots + parts : parts }

    /// How the names of limits on requests under way begin.
    static let slots = "|slots|"

    private var parts: String {
        var parts = [
            scope.path, scope.key ?? "", scope.user.map { "=" + $0 } ?? "", kind.name, period?.name ?? "",
            models?.patterns.joined(separator: "\u{1}") ?? "",
        ]
        if soft { parts.append("soft") }
        let name = parts.map(Self.encoded).joined(separator: "|")
        guard name.utf8.count > Self.longest else { return name }
        return String(decoding: name.utf8.prefix(Self.longest), as: UTF8.self) + "|" + KeyDigest.sha256(of: name).hex
    }

    private static let longest = 400

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "|"), byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
