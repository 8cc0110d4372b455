internal import Glibc

/// A piece of a head, as offsets from its first byte. Half the size of `Range<Int>`; `HTTPLimits.head` keeps offsets below 2^24.
struct ByteRange: Hashable, Sendable {
    private let lower: UInt32
    private let upper: UInt32

    var start: Int { Int(lower) }
    var end: Int { Int(upper) }
    var count: Int { end - start }
    var range: Range<Int> { start..<end }

    init(_ start: Int, _ end: Int) {
        lower = UInt32(truncatingIfNeeded: start)
        upper = UInt32(truncatingIfNeeded: max(start, end))
    }
}

/// The only file of the parser that touches raw pointers. Every pointer is derived from a span or a `StaticString`
/// inside the function that uses it, after its bounds were checked against that owner.
extension Span<UInt8> {
    /// Where `byte` first stands in `lower..<upper`, by `memchr`.
    @inline(__always)
    func firstIndex(of byte: UInt8, from lower: Int, to upper: Int) -> Int? {
        guard lower >= 0, lower < upper, upper <= count else { return nil }
        return withUnsafeBufferPointer { buffer -> Int? in
            guard let base = buffer.baseAddress, let hit = memchr(base + lower, Int32(byte), upper - lower) else { return nil }
            return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
        }
    }

    /// Whether the bytes of `range` are those of `text`.
    func equals(_ text: StaticString, in range: ByteRange) -> Bool {
        guard range.count == text.utf8CodeUnitCount, range.end <= count else { return false }
        for index in 0..<text.utf8CodeUnitCount where self[range.start + index] != text.utf8Start[index] { return false }
        return true
    }

    /// Whether the bytes of `range` are those of `text`, which is in lower case, when ASCII case does not count.
    func equalsIgnoringCase(_ text: StaticString, in range: ByteRange) -> Bool {
        guard range.count == text.utf8CodeUnitCount, range.end <= count else { return false }
        for index in 0..<text.utf8CodeUnitCount where ByteClass.lowercased(self[range.start + index]) != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Where the token that begins at `lower` ends, at `upper` at the latest. Names are letters and hyphens nearly always:
    /// eight of those are passed at a time, and the first other byte is found without a loop.
    @inline(__always)
    func tokenEnd(from lower: Int, to upper: Int) -> Int {
        var index = lower
        while index < upper {
            if index <= count - 8 {
                let others = bytesBesidesLettersAndHyphens(bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian)
                index += others.trailingZeroBitCount / 8
                if others == 0 { continue }
                if index >= upper { break }
            }
            guard ByteClass.isToken(self[index]) else { return index }
            index += 1
        }
        return Swift.min(index, upper)
    }

    /// Whether `lower..<upper` holds nothing but what a field value may hold; eight bytes at a time, since values are most of a head.
    func isFieldContent(from lower: Int, to upper: Int) -> Bool {
        var index = lower
        while index <= upper - 8 {
            if hasControl(bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)) {
                for position in index..<index + 8 where !ByteClass.isFieldContent(self[position]) { return false }
            }
            index += 8
        }
        while index < upper {
            if !ByteClass.isFieldContent(self[index]) { return false }
            index += 1
        }
        return true
    }

    /// A copy of `range`.
    func array(_ range: Range<Int>) -> [UInt8] {
        extracting(range).withUnsafeBufferPointer { [UInt8]($0) }
    }
}

/// The bytes 0x01 and 0x80 in all eight places, for arithmetic on eight bytes at once.
private let ones: UInt64 = 0x0101_0101_0101_0101
private let tops: UInt64 = 0x8080_8080_8080_8080

/// Whether any of the eight bytes is below 0x20 or is 0x7F (the classic word-at-a-time test; exact for «any», silent about which).
@inline(__always)
private func hasControl(_ word: UInt64) -> Bool {
    let belowSpace = (word &- ones &* 0x20) & ~word
    let delete = word ^ (ones &* 0x7F)
    return (belowSpace | ((delete &- ones) & ~delete)) & tops != 0
}

/// The top bit of each of the eight bytes that is neither an ASCII letter nor a hyphen. No sum below carries into the next byte,
/// because the bytes have lost their top bit before it.
@inline(__always)
private func bytesBesidesLettersAndHyphens(_ word: UInt64) -> UInt64 {
    let low = word & ~tops
    let small = low | (ones &* 0x20)
    let letters = (small &+ ones &* (0x80 - 0x61)) & ~(small &+ ones &* (0x80 - 0x7B))
    let notHyphens = (low ^ ones &* 0x2D) &+ ones &* 0x7F
    return (~letters & notHyphens | word) & tops
}

extension [UInt8] {
    /// Appends the bytes of a literal.
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a piece of a span with one copy.
    mutating func append(_ span: Span<UInt8>, _ range: Range<Int>) {
        span.extracting(range).withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    /// Appends a number in decimal.
    mutating func append(decimal number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        appendDigits(of: number.magnitude, radix: 10)
    }

    /// Appends the digits of a number that is not negative in lower-case hexadecimal.
    mutating func append(hexadecimal number: Int) {
        appendDigits(of: number.magnitude, radix: 16)
    }

    private mutating func appendDigits(of number: UInt, radix: UInt) {
        // 2^64 has 20 decimal digits.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = digits.count
        var rest = number
        repeat {
            let digit = UInt8(truncatingIfNeeded: rest % radix)
            first -= 1
            digits[first] = digit < 10 ? digit &+ 0x30 : digit &+ 0x57
            rest /= radix
        } while rest > 0
        append(digits.span, first..<digits.count)
    }
}
