/// An amount of money in whole nano-dollars (10⁻⁹ USD). All sums inside Purser are of this type: integers, never floating point.
///
/// The range is ±9.2 billion USD. Arithmetic saturates, so that a forged usage can neither crash the process nor wrap to a credit.
public struct NanoUSD: Hashable, Comparable, Sendable {
    /// The amount in nano-dollars; may be negative (a refund).
    public var nanos: Int64

    /// Makes an amount of `nanos` nano-dollars.
    public init(nanos: Int64) { self.nanos = nanos }

    /// Zero.
    public static let zero = NanoUSD(nanos: 0)

    /// Reads an exact decimal number of USD such as `0.15` or `12`; at most nine places after the point, no exponent.
    /// - Returns: `nil` when the text is not such a number or does not fit.
    public init?(decimal text: some StringProtocol) {
        guard let nanos = ExactDecimal.scaled(text, places: 9) else { return nil }
        self.nanos = nanos
    }

    /// The amount in USD as an exact decimal without trailing zeros, e.g. `0.00015`, `12`, `-0.5`.
    public var decimalString: String { ExactDecimal.text(nanos, places: 9) }

    /// Order by amount.
    public static func < (a: NanoUSD, b: NanoUSD) -> Bool { a.nanos < b.nanos }

    /// The sum, saturating at the ends of the range.
    public static func + (a: NanoUSD, b: NanoUSD) -> NanoUSD {
        let (sum, overflow) = a.nanos.addingReportingOverflow(b.nanos)
        return NanoUSD(nanos: overflow ? (b.nanos > 0 ? .max : .min) : sum)
    }

    /// The difference, saturating at the ends of the range.
    public static func - (a: NanoUSD, b: NanoUSD) -> NanoUSD {
        let (difference, overflow) = a.nanos.subtractingReportingOverflow(b.nanos)
        return NanoUSD(nanos: overflow ? (b.nanos > 0 ? .min : .max) : difference)
    }
}

/// Decimal text to scaled integers and back, exactly.
enum ExactDecimal {
    /// `text` × 10^`places` when that is a whole number that fits `Int64`; `nil` otherwise.
    static func scaled(_ text: some StringProtocol, places: Int) -> Int64? {
        var value: Int64 = 0
        var placesSeen: Int?
        var digits = 0
        var negative = false
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where index == 0: negative = true
            case UInt8(ascii: ".") where placesSeen == nil && digits > 0: placesSeen = 0
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits += 1
                if let seen = placesSeen {
                    // Further zeros are ignored; any other digit would be lost, so it is refused.
                    if seen == places {
                        if byte != UInt8(ascii: "0") { return nil }
                        continue
                    }
                    placesSeen = seen + 1
                }
                let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
                let (next, carry) = tenfold.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
                if overflow || carry { return nil }
                value = next
            default: return nil
            }
        }
        guard digits > 0 else { return nil }
        for _ in (placesSeen ?? 0)..<places {
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = tenfold
        }
        return negative ? -value : value
    }

    /// The decimal text of `value` ÷ 10^`places`, without trailing zeros.
    static func text(_ value: Int64, places: Int) -> String {
        var magnitude = value.magnitude
        var digitsLeft = places
        while digitsLeft > 0, magnitude % 10 == 0 {
            magnitude /= 10
            digitsLeft -= 1
        }
        return String(unsafeUninitializedCapacity: 24) { buffer in
            var end = buffer.count
            func prepend(_ byte: UInt8) {
                end -= 1
                buffer[end] = byte
            }
            repeat {
                prepend(UInt8(ascii: "0") + UInt8(magnitude % 10))
                magnitude /= 10
                digitsLeft -= 1
                if digitsLeft == 0 { prepend(UInt8(ascii: ".")) }
            } while magnitude > 0 || digitsLeft >= 0
            if value < 0 { prepend(UInt8(ascii: "-")) }
            let count = buffer.count - end
            for index in 0..<count { buffer[index] = buffer[end + index] }
            return count
        }
    }
}

extension NanoUSD {
    /// So many times the amount; saturates.
    public func multiplied(by times: Int64) -> NanoUSD {
        let (product, overflow) = nanos.multipliedReportingOverflow(by: times)
        return overflow ? NanoUSD(nanos: .max) : NanoUSD(nanos: product)
    }
}
