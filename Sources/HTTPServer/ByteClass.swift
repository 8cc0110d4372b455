/// The character classes of RFC 9110, RFC 9112 and RFC 3986, each as two 64-bit sets: cheaper than a table behind a lazy global.
enum ByteClass {
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")

    /// `tchar`: letters, digits and ``!#$%&'*+-.^_`|~``.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool { contains(byte, 0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE) }

    /// What an origin-form target is made of: `pchar`, "/", "?", and "%", whose two digits are checked apart.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool { contains(byte, 0xAFFF_FFF2_0000_0000, 0x47FF_FFFE_87FF_FFFF) }

    /// `unreserved`, the part of `reg-name` that real host names use. Its `sub-delims` (a comma above all) only help attackers.
    static func isHostName(_ byte: UInt8) -> Bool { contains(byte, 0x03FF_6000_0000_0000, 0x47FF_FFFE_87FF_FFFE) }

    /// What stands between the brackets of an IPv6 literal.
    static func isIPv6(_ byte: UInt8) -> Bool { contains(byte, 0x07FF_4000_0000_0000, 0x0000_007E_0000_007E) }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// Visible ASCII, space and tab.
    static func isPrintable(_ byte: UInt8) -> Bool { byte &- 0x20 < 0x5F || byte == tab }

    /// What may stand in a field value: `VCHAR`, `obs-text`, space and tab.
    @inline(__always)
    static func isFieldContent(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == tab }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// ASCII capitals made small, everything else as it is.
    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// The value of a hexadecimal digit.
    static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte &- 0x30)
        case 0x41...0x46: Int(byte &- 0x37)
        case 0x61...0x66: Int(byte &- 0x57)
        default: nil
        }
    }

    @inline(__always)
    private static func contains(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
        let half = byte < 64 ? low : high
        return byte < 128 && (half &>> UInt64(byte & 63)) & 1 == 1
    }
}
