/// An exact price in USD per million tokens, to nine decimal places.
public struct PricePerMillion: Hashable, Comparable, Sendable {
    /// Nano-dollars per million tokens, zero or more.
    public let nanos: Int64

    /// Reads a decimal such as `0.075`. `nil` when the text is not a decimal of at most nine places or is negative.
    public init?(decimal text: some StringProtocol) {
        guard let nanos = ExactDecimal.scaled(text, places: 9), nanos >= 0 else { return nil }
        self.nanos = nanos
    }

    private init(nanos: Int64) { self.nanos = nanos }

    /// The price raised by a tenth, rounded up to the next nano-dollar, as providers charge for calls that stay within a region.
    public var raisedByATenth: PricePerMillion {
        let (raised, overflow) = nanos.addingReportingOverflow(nanos / 10 + (nanos % 10 == 0 ? 0 : 1))
        return PricePerMillion(nanos: overflow ? .max : raised)
    }

    /// The price `factor / divisor` times, rounded up, saturating.
    func times(_ factor: Int64, over divisor: Int64 = 1) -> PricePerMillion {
        PricePerMillion(nanos: Int64(clamping: (Int128(nanos) * Int128(factor) + Int128(divisor - 1)) / Int128(divisor)))
    }

    /// The price in USD per million tokens as an exact decimal.
    public var decimalString: String { ExactDecimal.text(nanos, places: 9) }

    /// Orders by amount.
    public static func < (a: PricePerMillion, b: PricePerMillion) -> Bool { a.nanos < b.nanos }
}
