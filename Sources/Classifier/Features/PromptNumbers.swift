/// Counts that describe a prompt's shape.
enum PromptNumber: Int, CaseIterable {
    case bytes, words, lines, sentences, questions, endsWithQuestion, numbers, decimals, mathSigns, codeSigns, dollars, brackets, quotes,
        commas
    case capitalized, shouted, foreignWords, longestWord, meanWordLengthTenths, options, listLines, fences, commands, codeLines,
        firstLineWords, lastLineWords
    case years, slashes, equalSigns, backticks, percents, fractions
    /// How many different features the section `whole` has.
    case distinct
}

/// All counts of one prompt, in borrowed memory: `PromptNumber`s first, then one per `WordClass`.
struct PromptNumbers {
    static let count = 96
    static let classBase = PromptNumber.allCases.count

    private let values: UnsafeMutablePointer<Int32>
    /// Where the last line begins, as the index of its token; 0 if there is only one.
    private(set) var lastLineStart = 0

    /// - Precondition: `index` is below `count`.
    subscript(index index: Int) -> Int32 { values[index] }

    private(set) subscript(_ number: PromptNumber) -> Int32 {
        get { values[number.rawValue] }
        nonmutating set { values[number.rawValue] = newValue }
    }

    /// The index of: different features of the section `whole` per ten words. It follows the classes.
    private static let variety = 94

    /// Sets the number of different features of the section `whole`.
    func note(distinct: Int) {
        self[.distinct] = Int32(distinct)
        values[Self.variety] = Int32(distinct * 10) / max(1, self[.words])
    }

    /// Counts everything in one pass over the request's tokens.
    /// - Parameter values: `count` zeros.
    init(counting tokens: UnsafeBufferPointer<Token>, in values: UnsafeMutablePointer<Int32>) {
        self.values = values
        guard let first = tokens.first, let last = tokens.last else { return }
        var lines = Lines()
        startLine(0, tokens)
        var kinds = KindCounts()
        var letters: Int32 = 0
        var longest: UInt8 = 0
        guard var token = tokens.baseAddress else { return }
        let end = token + tokens.count
        while token < end {
            if token.pointee.has(Token.startsLine), token != tokens.baseAddress { turn(&lines, at: token, kinds, tokens) }
            let kind = token.pointee.kind
            kinds.add(kind)
            if kind == Token.word {
                let length = token.pointee.length
                letters &+= Int32(length)
                longest = max(longest, length)
                if token.pointee.classes != 0 { add(classes: token.pointee.classes) }
                if token.pointee.has(Token.startsUpper | Token.allUpper | Token.foreign) { countSpelling(token.pointee.flags) }
            } else {
                countOther(token, tokens)
            }
            token += 1
        }
        endLine(kinds.wordsAndNumbers - lines.wordsBefore, before: tokens.count, tokens)
        lastLineStart = lines.lastStart
        if first.isWord, first.has(Token.startsUpper) { self[.capitalized] -= 1 }
        self[.longestWord] = Int32(longest)
        self[.bytes] = Int32(last.start) + Int32(last.length) - Int32(first.start)
        self[.endsWithQuestion] = last.kind == ByteClass.question.rawValue ? 1 : 0
        note(kinds, letters: letters)
    }

    /// Not inlined: lines are few, and counting words needs the registers.
    @inline(never)
    private func turn(_ lines: inout Lines, at token: UnsafePointer<Token>, _ kinds: KindCounts, _ tokens: UnsafeBufferPointer<Token>) {
        let index = Self.index(of: token, in: tokens)
        endLine(kinds.wordsAndNumbers - lines.wordsBefore, before: index, tokens)
        lines = Lines(wordsBefore: kinds.wordsAndNumbers, lastStart: index)
        startLine(index, tokens)
    }

    private static func index(of token: UnsafePointer<Token>, in tokens: UnsafeBufferPointer<Token>) -> Int {
        tokens.baseAddress.map { token - $0 } ?? 0
    }

    private func note(_ kinds: KindCounts, letters: Int32) {
        self[.words] = kinds[.letter]
        self[.numbers] = kinds[.digit]
        self[.meanWordLengthTenths] = letters * 10 / max(1, self[.words])
        self[.sentences] = kinds[.period] + kinds[.exclamation] + kinds[.question]
        self[.questions] = kinds[.question]
        self[.mathSigns] = kinds[.math]
        self[.codeSigns] = kinds[.code]
        self[.dollars] = kinds[.dollar]
        self[.brackets] = kinds[.open]
        self[.quotes] = kinds[.quote]
        self[.commas] = kinds[.comma]
    }

    @inline(__always)
    private func add(classes: UInt64) {
        var rest = classes
        while rest != 0 {
            values[Self.classBase + rest.trailingZeroBitCount] &+= 1
            rest &= rest &- 1
        }
    }

    /// Counts what is unusual in a word: capitals (of the first word too) and letters beyond ASCII.
    @inline(never)
    private func countSpelling(_ flags: UInt8) {
        if flags & Token.startsUpper != 0 { self[.capitalized] += 1 }
        if flags & Token.allUpper != 0 { self[.shouted] += 1 }
        if flags & Token.foreign != 0 { self[.foreignWords] += 1 }
    }

    /// Counts a number or a sign that is more than one of its kind.
    @inline(never)
    private func countOther(_ token: UnsafePointer<Token>, _ tokens: UnsafeBufferPointer<Token>) {
        if token.pointee.kind == Token.number {
            if token.pointee.has(Token.decimal) { self[.decimals] += 1 }
            if token.pointee.hash == 11 || token.pointee.hash == 12 { self[.years] += 1 }
            return
        }
        switch token.pointee.hash {
        case Sign.slash:
            let index = Self.index(of: token, in: tokens)
            self[.slashes] += 1
            let isFraction =
                index > 0 && index + 1 < tokens.count && tokens[index - 1].kind == Token.number && tokens[index + 1].kind == Token.number
            if isFraction { self[.fractions] += 1 }
        case Sign.percent: self[.percents] += 1
        case Sign.equal: self[.equalSigns] += 1
        case Sign.backtick: self[.backticks] += 1
        case Sign.fence: self[.fences] += 1
        case Sign.backslash: self[.commands] += 1
        default: break
        }
    }

    /// "A)", "(b)", "C." mark options; "-", "*", "1." mark list lines.
    private func startLine(_ index: Int, _ tokens: UnsafeBufferPointer<Token>) {
        self[.lines] += 1
        let isBracketed = tokens[index].kind == ByteClass.open.rawValue
        let mark = isBracketed ? index + 1 : index
        guard mark + 1 < tokens.count else { return }
        let closes =
            tokens[mark + 1].kind == ByteClass.close.rawValue || tokens[mark + 1].kind == ByteClass.period.rawValue
            || tokens[mark + 1].hash == Sign.colon
        if closes, tokens[mark].isWord, tokens[mark].length == 1 { self[.options] += 1 }
        if closes, tokens[mark].kind == Token.number { self[.listLines] += 1 }
        if tokens[index].hash == Sign.hyphen || tokens[index].hash == Sign.star { self[.listLines] += 1 }
    }

    private func endLine(_ words: Int32, before index: Int, _ tokens: UnsafeBufferPointer<Token>) {
        if self[.lines] == 1 { self[.firstLineWords] = words }
        self[.lastLineWords] = words
        let last = tokens[index - 1].hash
        if last == Sign.semicolon || last == Sign.openBrace || last == Sign.closeBrace { self[.codeLines] += 1 }
    }
}

/// Where the last line begins, and how many words and numbers precede it.
private struct Lines {
    var wordsBefore: Int32 = 0
    var lastStart = 0
}

/// How many tokens of each kind there are.
private struct KindCounts {
    private var counts = InlineArray<16, Int32>(repeating: 0)

    @inline(__always)
    mutating func add(_ kind: UInt8) { counts[Int(kind & 15)] &+= 1 }

    subscript(_ kind: ByteClass) -> Int32 { counts[Int(kind.rawValue)] }
    var wordsAndNumbers: Int32 { self[.letter] + self[.digit] }
}

/// Tokens of single signs that are counted by themselves.
enum Sign {
    static let slash = of("/"), equal = of("="), backtick = of("`"), fence = of("`", times: 3), backslash = of("\\"), percent = of("%"),
        colon = of(":")
    static let hyphen = of("-"), star = of("*"), semicolon = of(";"), openBrace = of("{"), closeBrace = of("}")

    private static func of(_ sign: Unicode.Scalar, times: UInt8 = 1) -> UInt32 { hash(UInt8(ascii: sign), times: times) }

    /// The hash of a run of one sign; longer runs count as three.
    @inline(__always)
    static func hash(_ sign: UInt8, times: UInt8) -> UInt32 { WordHash.step(WordHash.step(7, sign), times) }
}
