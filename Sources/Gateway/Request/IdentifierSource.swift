/// Makes unique identifiers: a random name of this process and loop, then a counter. Ascending, so that they are cheap to index, and a
/// hundred times cheaper than a UUID.
struct IdentifierSource {
    private let prefix: [UInt8]
    private var counter: UInt64 = 0

    private static let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

    /// - Parameters:
    ///   - seconds: wall-clock seconds since 1970, so that later processes get later names.
    ///   - loop: index of the loop.
    init(seconds: Int64, loop: Int) {
        var generator = SystemRandomNumberGenerator()
        prefix =
            Self.text(UInt64(clamping: seconds), width: 7) + Self.text(generator.next() % 2_176_782_336, width: 6)
            + Self.text(UInt64(loop), width: 1)
    }

    /// The next identifier, with `label` in front.
    mutating func next(_ label: StaticString) -> String {
        counter &+= 1
        return String(unsafeUninitializedCapacity: label.utf8CodeUnitCount + prefix.count + 8) { buffer in
            var count = 0
            func append(_ bytes: some Sequence<UInt8>) {
                for byte in bytes where count < buffer.count {
                    buffer[count] = byte
                    count += 1
                }
            }
            label.withUTF8Buffer { append($0) }
            append(prefix)
            var divisor: UInt64 = 78_364_164_096
            for _ in 0..<8 {
                append(CollectionOfOne(Self.digits[Int(counter / divisor % 36)]))
                divisor /= 36
            }
            return count
        }
    }

    private static func text(_ value: UInt64, width: Int) -> [UInt8] {
        var value = value
        var text = [UInt8](repeating: 48, count: width)
        for index in text.indices.reversed() {
            text[index] = digits[Int(value % 36)]
            value /= 36
        }
        return text
    }
}
