internal import Chat
internal import Core

/// Base64 in the form that every provider decodes: the standard alphabet, padded, without line breaks.
///
/// Text that has this form already is borrowed from the request; only text that must be mended is copied.
struct Base64Text {
    private let given: UnsafeRawBufferPointer
    private let mended: [UInt8]?

    /// Reads a client's text.
    /// - Returns: `nil` when it is empty or has letters that are not base64.
    init?(_ text: UnsafeRawBufferPointer) {
        var body = text[...]
        while let last = body.last, last <= 0x20 || last == UInt8(ascii: "=") { body.removeLast() }
        guard !body.isEmpty else { return nil }
        let scanned = UnsafeRawBufferPointer(rebasing: body)
        let found = Self.letters.withUnsafeBufferPointer { letters in scanned.reduce(UInt8(0)) { $0 | letters[Int($1)] } }
        guard found & Self.foreign == 0 else { return nil }
        given = text
        let padding = text.count - body.count
        if found == 0, text.count % 4 == 0, padding <= 2, text.suffix(padding).allSatisfy({ $0 == UInt8(ascii: "=") }) {
            mended = nil
        } else {
            mended = Self.mend(body)
        }
    }

    private static func mend(_ body: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        var letters: [UInt8] = []
        letters.reserveCapacity(body.count + 3)
        for byte in body where byte > 0x20 {
            switch byte {
            case UInt8(ascii: "-"): letters.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): letters.append(UInt8(ascii: "/"))
            default: letters.append(byte)
            }
        }
        // A single letter left over is less than a byte; no padding mends that.
        if letters.count % 4 > 1 { letters += Array(repeating: UInt8(ascii: "="), count: 4 - letters.count % 4) }
        return letters
    }

    /// Letters that are written.
    var count: Int { mended?.count ?? given.count }

    /// The first 12 bytes that the text stands for, or as many as there are.
    var start: [UInt8] { withLetters { Self.decoded($0.prefix(16)) } }

    /// What the text stands for, without a byte order mark; `nil` when it is not UTF-8 or has no letter in it.
    var utf8Text: [UInt8]? {
        var bytes = withLetters { Self.decoded($0[...]) }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard bytes.withUnsafeBytes(\.hasInk), String(validating: bytes, as: UTF8.self) != nil else { return nil }
        return bytes
    }

    /// Appends the text as a JSON string.
    func append(to bytes: inout [UInt8]) {
        bytes.append("\"")
        withLetters { bytes.append(contentsOf: $0) }
        bytes.append("\"")
    }

    private func withLetters<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        if let mended { mended.withUnsafeBytes(body) } else { body(given) }
    }

    private static func decoded(_ letters: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for letter in letters {
            guard let value = value(of: letter) else { break }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    private static func value(of letter: UInt8) -> UInt32? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(letter - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// Marks letters that are not base64.
    private static let foreign: UInt8 = 2
    /// What each byte is: 0 a letter of the standard alphabet, 1 one that can be mended, `foreign` anything else.
    private static let letters: [UInt8] = (0...255).map { (byte: Int) -> UInt8 in
        let byte = UInt8(byte)
        if value(of: byte) != nil { return 0 }
        return "-_ \t\r\n".utf8.contains(byte) ? 1 : foreign
    }
}
