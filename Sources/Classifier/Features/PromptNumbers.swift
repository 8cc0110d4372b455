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

/// All counts of one prompt: `PromptNumber`s first, then one per `WordClass`.
struct PromptNumbers {
    static let count = 96
    static let classBase = PromptNumber.allCases.count

    private(set) var values = InlineArray<96, Int32>(repeating: 0)

    subscript(_ number: PromptNumber) -> Int32 {
        get { values[number.rawValue] }
        set { values[number.rawValue] = newValue }
    }

    /// Different features of the section `whole` per ten words; behind the classes.
    private static let variety = 94

    /// Notes how many different features the section `whole` has.
    mutating func note(distinct: Int) {
        self[.distinct] = Int32(distinct)
        values[Self.variety] = Int32(distinct * 10) / max(1, self[.words])
    }

    /// How many words of the class the prompt has.
    subscript(_ kind: WordClass) -> Int32 {
        get { values[Self.classBase + kind.rawValue] }
        set { values[Self.classBase + kind.rawValue] = newValue }
    }

    mutating func add(classes: UInt64) {
        var rest = classes
        while rest != 0 {
            values[Self.classBase + rest.trailingZeroBitCount] &+= 1
            rest &= rest - 1
        }
    }

    /// Counts everything in one pass over the request's tokens.
    init(_ tokens: UnsafeBufferPointer<Token>) {
        var letters: Int32 = 0
        var lineWords: Int32 = 0
        for index in tokens.indices {
            let token = tokens[index]
            if token.has(Token.startsLine) || index == 0 {
                endLine(lineWords, before: index, tokens)
                lineWords = 0
                startLine(index, tokens)
            }
            switch token.kind {
            case Token.word:
                lineWords += 1
                countWord(token, isFirst: index == 0)
                letters += Int32(token.length)
            case Token.number:
                lineWords += 1
                self[.numbers] += 1
                if token.has(Token.decimal) { self[.decimals] += 1 }
                if token.hash == 11 || token.hash == 12 { self[.years] += 1 }
            default:
                countSign(token)
                if token.hash == Sign.slash, index > 0, index + 1 < tokens.count, tokens[index - 1].kind == Token.number,
                    tokens[index + 1].kind == Token.number
                {
                    self[.fractions] += 1
                }
            }
        }
        endLine(lineWords, before: tokens.count, tokens)
        finish(tokens, letters)
    }

    private mutating func countWord(_ token: Token, isFirst: Bool) {
        self[.words] += 1
        add(classes: token.classes)
        if token.has(Token.startsUpper), !isFirst { self[.capitalized] += 1 }
        if token.has(Token.allUpper) { self[.shouted] += 1 }
        if token.has(Token.foreign) { self[.foreignWords] += 1 }
        self[.longestWord] = max(self[.longestWord], Int32(token.length))
    }

    private mutating func countSign(_ token: Token) {
        switch token.kind {
        case ByteClass.period.rawValue, ByteClass.exclamation.rawValue: self[.sentences] += 1
        case ByteClass.question.rawValue:
            self[.sentences] += 1
            self[.questions] += 1
        case ByteClass.math.rawValue: self[.mathSigns] += 1
        case ByteClass.code.rawValue: self[.codeSigns] += 1
        case ByteClass.dollar.rawValue: self[.dollars] += 1
        case ByteClass.open.rawValue: self[.brackets] += 1
        case ByteClass.quote.rawValue: self[.quotes] += 1
        case ByteClass.comma.rawValue: self[.commas] += 1
        default: break
        }
        switch token.hash {
        case Sign.slash: self[.slashes] += 1
        case Sign.percent: self[.percents] += 1
        case Sign.equal: self[.equalSigns] += 1
        case Sign.backtick: self[.backticks] += 1
        case Sign.fence: self[.fences] += 1
        case Sign.backslash: self[.commands] += 1
        default: break
        }
    }

    /// "A)", "(b)", "C." mark options; "-", "*", "1." mark list lines.
    private mutating func startLine(_ index: Int, _ tokens: UnsafeBufferPointer<Token>) {
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

    private mutating func endLine(_ words: Int32, before index: Int, _ tokens: UnsafeBufferPointer<Token>) {
        guard index > 0 else { return }
        if self[.lines] == 1 { self[.firstLineWords] = words }
        self[.lastLineWords] = words
        let last = tokens[index - 1].hash
        if last == Sign.semicolon || last == Sign.openBrace || last == Sign.closeBrace { self[.codeLines] += 1 }
    }

    private mutating func finish(_ tokens: UnsafeBufferPointer<Token>, _ letters: Int32) {
        guard let first = tokens.first, let last = tokens.last else { return }
        self[.bytes] = Int32(last.start) + Int32(last.length) - Int32(first.start)
        self[.meanWordLengthTenths] = letters * 10 / max(1, self[.words])
        self[.endsWithQuestion] = last.kind == ByteClass.question.rawValue ? 1 : 0
    }
}

/// Signs that are looked for by themselves, as tokens.
enum Sign {
    static let slash = of("/"), equal = of("="), backtick = of("`"), fence = of("`", times: 3), backslash = of("\\"), percent = of("%"),
        colon = of(":")
    static let hyphen = of("-"), star = of("*"), semicolon = of(";"), openBrace = of("{"), closeBrace = of("}")

    private static func of(_ sign: Unicode.Scalar, times: UInt8 = 1) -> UInt32 { hash(UInt8(ascii: sign), times: times) }

    /// The hash of a run of one sign; longer runs count as three.
    @inline(__always)
    static func hash(_ sign: UInt8, times: UInt8) -> UInt32 { WordHash.step(WordHash.step(7, sign), times) }
}
