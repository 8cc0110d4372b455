/// Amounts of memory as people write them.
public enum MemorySize {
    /// The bytes that `text` means: a whole number and a unit, e.g. `2GiB`, `512 MiB`, `1500MB`; without a unit bytes.
    ///
    /// `K`, `Ki` and `KiB` are 1,024 bytes each, `KB` 1,000; so for M, G and T. Upper and lower case are the same.
    /// - Returns: `nil` when the text is not such an amount, or more than an `Int` holds.
    public static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let number = Int(digits), let factor = factor(unit) else { return nil }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: factor)
        return overflows ? nil : bytes
    }

    private static func factor(_ unit: String) -> Int? {
        if unit.isEmpty || unit == "b" { return 1 }
        guard let prefix = unit.first, let power = "kmgt".firstIndex(of: prefix) else { return nil }
        let exponent = "kmgt".distance(from: "kmgt".startIndex, to: power) + 1
        switch unit.dropFirst() {
        case "", "i", "ib": return 1 << (10 * exponent)
        case "b": return (0..<exponent).reduce(1) { product, _ in product * 1_000 }
        default: return nil
        }
    }

    /// `bytes` for people, rounded to a tenth of its unit, e.g. `2GiB`, `19.2GiB`, `640KiB`.
    public static func text(_ bytes: Int) -> String {
        let bytes = max(0, bytes)
        for (unit, size) in [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes >= size {
            let tenths = bytes / size * 10 + (bytes % size * 10 + size / 2) / size
            return tenths % 10 == 0 ? "\(tenths / 10)\(unit)" : "\(tenths / 10).\(tenths % 10)\(unit)"
        }
        return "\(bytes)B"
    }
}
