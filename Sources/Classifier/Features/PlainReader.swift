/// Tokenizes what most prompts consist of: words of ASCII letters, whole numbers, signs and white space.
///
/// It stops at the first byte of a token that only `Tokenizer` can read: one before a byte beyond ASCII, or with an apostrophe or a
/// separator in it. Everything is inlined into one function of `Tokenizer`, so that all variables are registers.
///
/// Every step reads at least as many bytes as it writes, and at least one per token, so that buffers of the source's length suffice.
struct PlainReader {
    let lexicon: Lexicon
    let classes: ByteTable<UInt8>
    let folded: ByteTable<UInt32>
    /// The beginning of the text; positions of tokens are relative to it.
    let textStart: UnsafeMutablePointer<UInt8>

    /// The next byte; blanks follow the last one.
    var source: UnsafePointer<UInt8>
    var text: UnsafeMutablePointer<UInt8>
    var token: UnsafeMutablePointer<Token>
    /// The flags that the next token gets from the white space before it.
    var pending: UInt8
    /// The hash of the last token, before its kind is mixed in.
    var hash: UInt32
    /// The digits of the last number.
    var digits: Int

    /// Reads until a byte that it cannot handle.
    @inline(__always)
    mutating func read(until end: UnsafePointer<UInt8>) {
        while source < end {
            let kind = classes[source[0]]
            let isRead: Bool
            if ByteClass.isLetter(kind) {
                isRead = readWord()
            } else if kind == ByteClass.space.rawValue {
                pending |= Token.flags(ofSpace: source[0])
                source += 1
                continue
            } else if kind > ByteClass.high.rawValue {
                isRead = readSign(kind)
            } else {
                isRead = kind == ByteClass.digit.rawValue && readNumber()
            }
            guard isRead else { return }
        }
    }

    @inline(__always)
    private mutating func readWord() -> Bool {
        let word = startText()
        let first = source[0]
        var hash = WordHash.seed
        var count = 0
        var letter = folded[first]
        repeat {
            hash = WordHash.step(hash, letter)
            word[count] = UInt8(truncatingIfNeeded: letter)
            count &+= 1
            letter = folded[source[count]]
        } while letter != 0
        guard source[count] < 0x80, source[count] != UInt8(ascii: "'") else { return false }
        var flags = pending
        if first & 32 == 0 { flags |= Token.startsUpper | (isShouted(count) ? Token.allUpper : 0) }
        self.hash = hash
        let row = FeatureSpace.row(FeatureSpace.Salt.word, hash)
        let entry = lexicon.entry(of: hash, row: row)
        let start = word - textStart
        append(
            Token(
                hash: hash, start: start, kind: Token.word, flags: flags, classes: entry.classes, languages: entry.languages, row: row,
                length: count), word, count)
        return true
    }

    /// Whether a word has capitals only, and at least two letters.
    @inline(__always)
    private func isShouted(_ count: Int) -> Bool {
        guard count > 1 else { return false }
        for position in 1..<count where classes[source[position]] != ByteClass.upper.rawValue { return false }
        return true
    }

    /// Reads a run of one sign.
    @inline(__always)
    private mutating func readSign(_ kind: UInt8) -> Bool {
        let run = startText()
        let sign = source[0]
        var count = 0
        repeat {
            run[count] = sign
            count &+= 1
        } while source[count] == sign
        guard source[count] < 0x80 else { return false }
        hash = UInt32(sign)
        let signHash = Sign.hash(sign, times: UInt8(truncatingIfNeeded: min(count, 3)))
        appendOther(signHash, kind, run, count)
        return true
    }

    @inline(__always)
    private mutating func readNumber() -> Bool {
        let number = startText()
        var count = 0
        repeat {
            number[count] = UInt8(ascii: "0")
            count &+= 1
        } while classes[source[count]] == ByteClass.digit.rawValue
        let next = source[count]
        let isSeparator = next == UInt8(ascii: ".") || next == UInt8(ascii: ",")
        guard next < 0x80, !isSeparator || classes[source[count &+ 1]] != ByteClass.digit.rawValue else { return false }
        digits = count
        hash = count == 1 ? WordHash.step(WordHash.seed, source[0]) : WordHash.of(source[0], source[1])
        appendOther(Token.numberHash(digits: count, hash, isDecimal: false), Token.number, number, count)
        return true
    }

    /// Writes the blank before a token, if there is one. Returns where the token's text begins.
    @inline(__always)
    private func startText() -> UnsafeMutablePointer<UInt8> {
        text[0] = 32
        return text + (pending == 0 ? 0 : 1)
    }

    @inline(__always)
    private mutating func appendOther(_ hash: UInt32, _ kind: UInt8, _ run: UnsafeMutablePointer<UInt8>, _ count: Int) {
        let row = FeatureSpace.row(FeatureSpace.Salt.word, hash)
        append(Token(hash: hash, start: run - textStart, kind: kind, flags: pending, row: row, length: count), run, count)
    }

    /// Ends a token, and consumes the blank after it.
    @inline(__always)
    private mutating func append(_ new: Token, _ run: UnsafeMutablePointer<UInt8>, _ count: Int) {
        token.initialize(to: new)
        token += 1
        text = run + count
        source += count
        pending = 0
        if source[0] == 32 {
            pending = Token.afterSpace
            source += 1
        }
    }
}
