/// Writes features as rows of the model's table, each row once.
struct FeatureWriter {
    private typealias Salt = FeatureSpace.Salt

    private let rows: UnsafeMutablePointer<UInt16>
    private let seen: UnsafeMutablePointer<UInt64>
    private(set) var count = 0

    /// - Parameters:
    ///   - rows: room for every row once, and one more.
    ///   - seen: one bit per row, all zero.
    init(rows: UnsafeMutablePointer<UInt16>, seen: UnsafeMutablePointer<UInt64>) {
        self.rows = rows
        self.seen = seen
    }

    var written: UnsafeBufferPointer<UInt16> { UnsafeBufferPointer(start: rows, count: count) }

    private static let headTokens = 16, tailTokens = 8, lastLineTokens = 10
    private static let headCharacters = 256, tailCharacters = 96

    @inline(__always)
    private mutating func write(_ salt: UInt32, _ hash: UInt32) { write(row: FeatureSpace.row(salt, hash)) }

    /// Without a branch: whether a row is new is hard to predict. A row that is not new is overwritten by the next one.
    @inline(__always)
    private mutating func write(row: Int) {
        let row = row & (FeatureSpace.rowCount - 1)
        let bit: UInt64 = 1 &<< UInt64(row & 63)
        let before = seen[row &>> 6]
        seen[row &>> 6] = before | bit
        rows[count] = UInt16(truncatingIfNeeded: row)
        count &+= before & bit == 0 ? 1 : 0
    }

    @inline(__always)
    private static func join(_ left: UInt32, _ right: UInt32) -> UInt32 { (left &* 0x01F3_5D2B) ^ (right &+ 0x7F4A_7C15 &+ (left >> 7)) }

    /// Words and signs, and pairs of neighbouring words.
    mutating func writeWhole(_ tokens: UnsafeBufferPointer<Token>) {
        // A local copy stays in registers.
        var writer = self
        var previous: UInt32 = 0
        for index in 0..<tokens.count {
            writer.write(row: Int(tokens[index].row))
            guard tokens[index].isWordOrNumber else {
                previous = 0
                continue
            }
            let hash = tokens[index].hash
            if previous != 0 { writer.write(Salt.pair, Self.join(previous, hash)) }
            previous = hash
        }
        self = writer
    }

    /// The first words, their pairs and triples, the exact opening; the same for the beginning of the last line.
    mutating func writeHead(_ request: Request) {
        let (tokens, opening) = (request.tokens, request.opening)
        writeRun(tokens, opening..<min(tokens.count, opening + Self.headTokens))
        var prefix: UInt32 = 0
        for index in 0..<min(4, tokens.count - opening) {
            prefix = Self.join(prefix, tokens[opening + index].hash)
            write(Salt.opening, prefix &+ UInt32(index))
        }
        if let line = request.lastLine { writeRun(tokens, line.prefix(Self.lastLineTokens)) }
    }

    private mutating func writeRun(_ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>) {
        var writer = self
        var previous: UInt32 = 0
        var beforePrevious: UInt32 = 0
        for index in range {
            let hash = tokens[index].hash
            writer.write(Salt.headWord, hash)
            if previous != 0 { writer.write(Salt.headPair, Self.join(previous, hash)) }
            if beforePrevious != 0 { writer.write(Salt.headTriple, Self.join(Self.join(beforePrevious, previous), hash)) }
            (beforePrevious, previous) = (previous, hash)
        }
        self = writer
    }

    /// The last words and their pairs.
    mutating func writeTail(_ tokens: UnsafeBufferPointer<Token>) {
        var previous: UInt32 = 0
        for index in max(0, tokens.count - Self.tailTokens)..<tokens.count {
            let hash = tokens[index].hash
            write(Salt.tailWord, hash)
            if previous != 0 { write(Salt.tailPair, Self.join(previous, hash)) }
            previous = hash
        }
    }

    /// Sequences of four characters at the beginning and at the end of the request.
    mutating func writeCharacters(of text: UnsafeBufferPointer<UInt8>, _ request: Request) {
        guard request.opening < request.tokens.count, let last = request.tokens.last else { return }
        let first = Int(request.tokens[request.opening].start)
        let end = min(text.count, Int(last.start) + Int(last.length))
        let headEnd = min(end, first + Self.headCharacters)
        writeWindow(text, first..<max(first, headEnd))
        // Starts three characters early, to include sequences across the border.
        if headEnd < end { writeWindow(text, max(headEnd - 3, end - Self.tailCharacters)..<end) }
    }

    @inline(__always)
    private mutating func writeWindow(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        var writer = self
        var window: UInt32 = 0x2020_2020
        for index in range {
            window = window << 8 | UInt32(text[index])
            writer.write(Salt.characters, window &* 0x9E37_79B1)
        }
        self = writer
    }

    /// Groups of words by place and in pairs, and sizes in powers of two.
    mutating func writeBits(_ request: Request, _ numbers: PromptNumbers) {
        let (tokens, opening) = (request.tokens, request.opening)
        let head = opening..<min(tokens.count, opening + Self.headTokens)
        writeClasses(tokens, head, salt: Salt.headClass)
        writeClassPairs(tokens, head)
        for (index, token) in head.prefix(3).enumerated() {
            writeClasses(tokens[token].classes, salt: Salt.firstClass &+ UInt32(index) << 8)
        }
        if let line = request.lastLine { writeClasses(tokens, line.prefix(Self.lastLineTokens), salt: Salt.lastLineClass) }
        writeSizes(numbers)
        writeShape(numbers)
    }

    private mutating func writeClasses(_ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>, salt: UInt32) {
        var all: UInt64 = 0
        for index in range { all |= tokens[index].classes }
        writeClasses(all, salt: salt)
    }

    private mutating func writeClasses(_ classes: UInt64, salt: UInt32) {
        var rest = classes
        while rest != 0 {
            write(salt, UInt32(truncatingIfNeeded: rest.trailingZeroBitCount))
            rest &= rest &- 1
        }
    }

    /// Each class together with every class that comes after it ("write" … "poem").
    private mutating func writeClassPairs(_ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>) {
        var before: UInt64 = 0
        for index in range where tokens[index].classes != 0 {
            let classes = tokens[index].classes
            var left = before
            while left != 0 {
                writeClasses(classes, salt: Salt.classPair &+ UInt32(truncatingIfNeeded: left.trailingZeroBitCount + 1) << 8)
                left &= left &- 1
            }
            before |= classes
        }
    }

    /// Writes, for each count, every power of two that it reaches.
    private mutating func writeSizes(_ numbers: PromptNumbers) {
        var writer = self
        Self.sizeRows.withUnsafeBufferPointer { rows in
            for index in 0..<PromptNumbers.count {
                for power in 0..<(32 &- max(0, numbers[index: index]).leadingZeroBitCount) {
                    writer.write(row: Int(rows[index &* 32 &+ power]))
                }
            }
        }
        self = writer
    }

    /// For each count, the rows of its 32 powers of two.
    private static let sizeRows: [UInt16] = (0..<UInt32(PromptNumbers.count)).flatMap { index in
        (0..<32).map { power in UInt16(truncatingIfNeeded: FeatureSpace.row(Salt.number, index << 8 | power)) }
    }

    /// Writes length and line count, combined with whether the request is a question.
    private mutating func writeShape(_ numbers: PromptNumbers) {
        func log(_ number: PromptNumber) -> UInt32 { UInt32(32 - max(0, numbers[number]).leadingZeroBitCount) }
        write(Salt.shape, log(.words) << 8 | UInt32(numbers[.endsWithQuestion]))
        write(Salt.shape, 1 << 16 | log(.words) << 8 | log(.lines))
        write(Salt.shape, 2 << 16 | log(.words) << 8 | log(.numbers))
    }
}
