internal import CPostgres

/// Rows that a statement returned; owns them.
final class PostgreSQLRows {
    private let result: OpaquePointer

    /// Takes `result` over.
    init(_ result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    /// The number of rows.
    var count: Int { Int(PQntuples(result)) }

    /// Rows that the statement has changed.
    var changed: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The text of a cell; `nil` where it is NULL or there is none.
    func text(_ row: Int, _ column: Int32) -> String? {
        guard row < count, column < PQnfields(result), PQgetisnull(result, Int32(row), column) == 0,
            let start = PQgetvalue(result, Int32(row), column)
        else { return nil }
        let length = Int(PQgetlength(result, Int32(row), column))
        return String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
    }

    /// The number in a cell.
    func number(_ row: Int, _ column: Int32) -> Int64? { text(row, column).flatMap { Int64($0) } }

    /// The truth value in a cell.
    func flag(_ row: Int, _ column: Int32) -> Bool { text(row, column) == "t" }

    /// The bytes in a cell of type `bytea`, which comes as `\x` and hexadecimal digits.
    func bytes(_ row: Int, _ column: Int32) -> [UInt8]? {
        guard let text = text(row, column), text.hasPrefix("\\x") else { return nil }
        let digits = Array(text.utf8.dropFirst(2))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count - 1, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}

/// Values as the text that PostgreSQL reads them from.
enum PostgreSQLText {
    /// A `bytea`.
    static func bytes(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text = Array("\\x".utf8)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// An array of numbers.
    static func array(_ numbers: some Sequence<Int64>) -> String { "{" + numbers.map(String.init).joined(separator: ",") + "}" }

    /// An array of texts.
    static func array(_ texts: some Sequence<String>) -> String {
        let quoted = texts.map { "\"" + storable($0).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }
        return "{" + quoted.joined(separator: ",") + "}"
    }

    /// PostgreSQL has no texts with the character NUL. Its symbol stands for it: clients may send one in `user`.
    static func storable(_ text: String) -> String {
        text.utf8.contains(0) ? String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{2400}" : $0 })) : text
    }
}
