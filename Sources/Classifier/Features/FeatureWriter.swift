/// Writes features as rows of the model's table, each row once.
struct FeatureWriter {
    private let rows: UnsafeMutableBufferPointer<UInt16>
    private let seen: UnsafeMutableBufferPointer<UInt64>
    private(set) var count = 0

    /// - Parameters:
    ///   - rows: room for `FeatureSpace.rowCapacity` rows.
    ///   - seen: one bit per row, all zero.
    init(rows: UnsafeMutableBufferPointer<UInt16>, seen: UnsafeMutableBufferPointer<UInt64>) {
        self.rows = rows
        self.seen = seen
    }

    var written: UnsafeBufferPointer<UInt16> { UnsafeBufferPointer(rebasing: rows[..<count]) }

    /// Kinds of features: the same words mean something else in another kind.
    private enum Salt {
        static let word: UInt32 = 1, pair: UInt32 = 2, headWord: UInt32 = 3, headPair: UInt32 = 4, headTriple: UInt32 = 5,
            opening: UInt32 = 6
        static let tailWord: UInt32 = 7, tailPair: UInt32 = 8, characters: UInt32 = 9, characters5: UInt32 = 10
        static let headClass: UInt32 = 11, classPair: UInt32 = 12, firstClass: UInt32 = 13, number: UInt32 = 14, lastLineClass: UInt32 = 15,
            wordClassPair: UInt32 = 16
        static let shape: UInt32 = 17
    }

    private static let headTokens = 16, tailTokens = 8, lastLineTokens = 10
    private static let headCharacters = 256, tailCharacters = 96

    @inline(__always)
    private mutating func write(_ salt: UInt32, _ hash: UInt32) {
        let row = Int(WordHash.spread(hash &+ salt &* 0x9E37_79B9) >> (32 - FeatureSpace.rowBits))
        let bit: UInt64 = 1 << UInt64(row & 63)
        guard seen[row >> 6] & bit == 0, count < rows.count else { return }
        seen[row >> 6] |= bit
        rows[count] = UInt16(truncatingIfNeeded: row)
        count += 1
    }

    @inline(__always)
    private static func join(_ left: UInt32, _ right: UInt32) -> UInt32 { (left &* 0x01F3_5D2B) ^ (right &+ 0x7F4A_7C15 &+ (left >> 7)) }

    /// Words and signs, and pairs of neighbouring words.
    mutating func writeWhole(_ tokens: UnsafeBufferPointer<Token>) {
        var previous: UInt32 = 0
        for token in tokens {
            write(Salt.word, token.hash)
            guard token.isWordOrNumber else {
                previous = 0
                continue
            }
            if previous != 0 { write(Salt.pair, Self.join(previous, token.hash)) }
            previous = token.hash
        }
    }

    /// The first words, their pairs and triples, the exact opening; the same for the beginning of the last line.
    mutating func writeHead(_ tokens: UnsafeBufferPointer<Token>, opening: Int) {
        writeRun(tokens, opening..<min(tokens.count, opening + Self.headTokens))
        var prefix: UInt32 = 0
        for (index, token) in tokens[opening...].prefix(4).enumerated() {
            prefix = Self.join(prefix, token.hash)
            write(Salt.opening, prefix &+ UInt32(index))
        }
        if let line = Self.lastLine(tokens), line.lowerBound > opening { writeRun(tokens, line.prefix(Self.lastLineTokens)) }
    }

    private mutating func writeRun(_ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>) {
        var previous: UInt32 = 0
        var beforePrevious: UInt32 = 0
        for index in range {
            let hash = tokens[index].hash
            write(Salt.headWord, hash)
            if previous != 0 { write(Salt.headPair, Self.join(previous, hash)) }
            if beforePrevious != 0 { write(Salt.headTriple, Self.join(Self.join(beforePrevious, previous), hash)) }
            (beforePrevious, previous) = (previous, hash)
        }
    }

    /// The tokens of the last line, if there is more than one line.
    private static func lastLine(_ tokens: UnsafeBufferPointer<Token>) -> Range<Int>? {
        guard let start = tokens.lastIndex(where: { $0.has(Token.startsLine) }), start > 0 else { return nil }
        return start..<tokens.count
    }

    /// The last words and their pairs.
    mutating func writeTail(_ tokens: UnsafeBufferPointer<Token>) {
        var previous: UInt32 = 0
        for token in tokens.suffix(Self.tailTokens) {
            write(Salt.tailWord, token.hash)
            if previous != 0 { write(Salt.tailPair, Self.join(previous, token.hash)) }
            previous = token.hash
        }
    }

    /// Sequences of four characters at the beginning and at the end of the request.
    mutating func writeCharacters(of text: UnsafeBufferPointer<UInt8>, _ tokens: UnsafeBufferPointer<Token>, opening: Int) {
        guard opening < tokens.count, let last = tokens.last else { return }
        let first = Int(tokens[opening].start)
        let end = min(text.count, Int(last.start) + Int(last.length))
        let headEnd = min(end, first + Self.headCharacters)
        writeWindow(text, first..<max(first, headEnd))
        // Beginning three characters early, so that the sequences across the border are among them.
        if headEnd < end { writeWindow(text, max(headEnd - 3, end - Self.tailCharacters)..<end) }
    }

    private mutating func writeWindow(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        var window: UInt32 = 0x2020_2020
        for index in range {
            let byte = text[index]
            window = window << 8 | UInt32(byte == 10 ? 32 : byte)
            write(Salt.characters, window &* 0x9E37_79B1)
        }
    }

    /// Groups of words by place and in pairs, and sizes in powers of two.
    mutating func writeBits(_ tokens: UnsafeBufferPointer<Token>, opening: Int, _ numbers: PromptNumbers) {
        let head = tokens[opening..<min(tokens.count, opening + Self.headTokens)]
        writeClasses(head, salt: Salt.headClass)
        writeClassPairs(head)
        for (index, token) in head.prefix(3).enumerated() { writeClasses(token.classes, salt: Salt.firstClass &+ UInt32(index) << 8) }
        if let line = Self.lastLine(tokens), line.lowerBound > opening {
            writeClasses(tokens[line].prefix(Self.lastLineTokens), salt: Salt.lastLineClass)
        }
        writeSizes(numbers)
        writeShape(tokens, numbers)
    }

    private mutating func writeClasses(_ tokens: Slice<UnsafeBufferPointer<Token>>, salt: UInt32) {
        var all: UInt64 = 0
        for token in tokens { all |= token.classes }
        writeClasses(all, salt: salt)
    }

    private mutating func writeClasses(_ classes: UInt64, salt: UInt32) {
        var rest = classes
        while rest != 0 {
            write(salt, UInt32(rest.trailingZeroBitCount))
            rest &= rest - 1
        }
    }

    /// Each class together with every class that comes after it ("write" … "poem").
    private mutating func writeClassPairs(_ tokens: Slice<UnsafeBufferPointer<Token>>) {
        var before: UInt64 = 0
        for token in tokens where token.classes != 0 {
            var left = before
            while left != 0 {
                writeClasses(token.classes, salt: Salt.classPair &+ UInt32(left.trailingZeroBitCount + 1) << 8)
                left &= left - 1
            }
            before |= token.classes
        }
    }

    /// For each count every power of two that it reaches.
    private mutating func writeSizes(_ numbers: PromptNumbers) {
        for index in 0..<PromptNumbers.count {
            var rest = UInt32(max(0, numbers.values[index]))
            var power: UInt32 = 0
            while rest != 0 {
                write(Salt.number, UInt32(index) << 8 | power)
                power += 1
                rest >>= 1
            }
        }
    }

    /// Length and line count together with whether it is a question.
    private mutating func writeShape(_ tokens: UnsafeBufferPointer<Token>, _ numbers: PromptNumbers) {
        func log(_ number: PromptNumber) -> UInt32 { UInt32(32 - max(0, numbers[number]).leadingZeroBitCount) }
        write(Salt.shape, log(.words) << 8 | UInt32(numbers[.endsWithQuestion]))
        write(Salt.shape, 1 << 16 | log(.words) << 8 | log(.lines))
        write(Salt.shape, 2 << 16 | log(.words) << 8 | log(.numbers))
    }
}
