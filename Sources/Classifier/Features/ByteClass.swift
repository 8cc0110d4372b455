/// The class of a byte of a prompt, for the tokenizer and the counts.
enum ByteClass: UInt8 {
    case space, letter, upper, digit, high, period, comma, question, exclamation, quote, open, close, math, code, dollar, other

    static let count = 16

    @inline(__always)
    static func isLetter(_ kind: UInt8) -> Bool { kind == letter.rawValue || kind == upper.rawValue }

    /// The class of each byte.
    static let table = ByteTable<UInt8> { byte in
        switch byte {
        case 0..<33: space.rawValue
        case 0x61...0x7A: letter.rawValue
        case 0x41...0x5A: upper.rawValue
        case 0x30...0x39: digit.rawValue
        case 0x80...0xFF: high.rawValue
        default: (signs.first { $0.0.utf8.contains(byte) }?.1 ?? other).rawValue
        }
    }

    /// A byte within a word, folded: letters in lower case, digits unchanged, 0 for bytes that are not part of an ASCII word.
    static let folded = ByteTable<UInt32> { byte in isLetter(table[byte]) || table[byte] == digit.rawValue ? UInt32(byte | 32) : 0 }

    private static let signs: [(String, ByteClass)] = [
        (".", .period), (",:", .comma), ("?", .question), ("!", .exclamation), ("\"'", .quote), ("([", .open), (")]", .close),
        ("+-*/=^%<>", .math),
        ("{};_`\\#@&|~", .code), ("$", .dollar),
    ]
}

/// A number for each byte. Never freed: tables are made once for the life of the program.
struct ByteTable<Number: Sendable>: Sendable {
    private nonisolated(unsafe) let numbers: UnsafePointer<Number>

    init(_ number: (UInt8) -> Number) {
        let numbers = UnsafeMutablePointer<Number>.allocate(capacity: 256)
        for byte in UInt8.min...UInt8.max { (numbers + Int(byte)).initialize(to: number(byte)) }
        self.numbers = UnsafePointer(numbers)
    }

    @inline(__always)
    subscript(_ byte: UInt8) -> Number { numbers[Int(byte)] }
}
