/// The SHA-256 digest of a client key: all that is ever stored of it.
///
/// Equality takes the same time wherever the digests differ, so that a lookup reveals nothing about the digests that exist.
public struct KeyDigest: Hashable, Sendable, CustomStringConvertible {
    /// The number of bytes of a digest.
    public static let byteCount = 32

    private let a: UInt64
    private let b: UInt64
    private let c: UInt64
    private let d: UInt64

    /// Reads 64 hexadecimal digits of either case; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        let digits = hex.utf8
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        var high: UInt8?
        for digit in digits {
            guard let value = Self.value(ofHexDigit: digit) else { return nil }
            if let upper = high {
                bytes.append(upper << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        self.init(bytes: bytes)
    }

    /// Takes exactly 32 bytes; `nil` for any other number.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for (index, byte) in bytes.enumerated() {
            switch index / 8 {
            case 0: words.0 = words.0 << 8 | UInt64(byte)
            case 1: words.1 = words.1 << 8 | UInt64(byte)
            case 2: words.2 = words.2 << 8 | UInt64(byte)
            default: words.3 = words.3 << 8 | UInt64(byte)
            }
        }
        self.init(words: words)
    }

    /// Takes the four big-endian words of a digest.
    public init(words: (UInt64, UInt64, UInt64, UInt64)) {
        (a, b, c, d) = words
    }

    /// The 32 bytes of the digest.
    public var bytes: [UInt8] {
        [a, b, c, d].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } }
    }

    /// The digest as 64 lower-case hexadecimal digits.
    public var hex: String {
        String(decoding: bytes.flatMap { [Self.hexDigits[Int($0 >> 4)], Self.hexDigits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// As `hex`: the digest of a random key reveals nothing.
    public var description: String { hex }

    /// Whether both are the same digest; takes the same time wherever they differ.
    public func constantTimeEquals(_ other: KeyDigest) -> Bool {
        (a ^ other.a) | (b ^ other.b) | (c ^ other.c) | (d ^ other.d) == 0
    }

    /// Whether both are the same digest; takes the same time wherever they differ.
    public static func == (left: KeyDigest, right: KeyDigest) -> Bool { left.constantTimeEquals(right) }

    /// Feeds one word: the bits of a digest are already evenly spread.
    public func hash(into hasher: inout Hasher) { hasher.combine(a) }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    private static func value(ofHexDigit digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
