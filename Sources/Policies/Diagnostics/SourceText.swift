/// The text of one policy file, for showing lines of it.
final class SourceText {
    let path: String
    /// Valid UTF-8, without a byte order mark.
    let bytes: [UInt8]
    /// Ranges that must not be shown; see ``SecretFinder``.
    private var secrets: [(start: Place, end: Place)] = []
    /// Whether the file could be parsed; if not, its secrets are recognised by their form alone.
    var isParsed = false

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    private lazy var lines: [[Unicode.Scalar]] = Self.split(bytes)

    /// Hides the text of `node`.
    func hide(_ node: Node) { secrets.append((node.start, node.end)) }

    /// The line and column (both from 1) of a byte of `bytes`, as libyaml counts them.
    static func position(ofByte offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let before = split(Array(bytes.prefix(max(0, offset))))
        return (before.count, (before.last?.count ?? 0) + 1)
    }

    /// A position inside the text: libyaml reports some faults behind the last line.
    func clamped(line: Int, column: Int) -> (line: Int, column: Int) {
        guard line > lines.count || (line == lines.count && lines.last?.isEmpty == true) else { return (line, column) }
        guard let last = lines.lastIndex(where: { !$0.isEmpty }) else { return (1, 1) }
        return (last + 1, lines[last].count + 1)
    }

    /// The line with secrets masked and the caret's position in it (counted from 0); `nil` when there is no such line.
    func excerpt(line: Int, column: Int) -> SourceExcerpt? {
        guard line >= 1, line <= lines.count else { return nil }
        let scalars = lines[line - 1]
        var ranges = hiddenRanges(line: line, width: scalars.count)
        ranges += SecretLooks.tokens(in: scalars)
        if !isParsed { ranges += SecretLooks.values(inLine: line - 1, of: lines) }
        return SourceExcerpt(scalars, caret: min(max(0, column - 1), scalars.count), hiding: ranges)
    }

    private func hiddenRanges(line: Int, width: Int) -> [Range<Int>] {
        secrets.compactMap { start, end in
            guard start.line <= line, line <= end.line else { return nil }
            let from = start.line == line ? min(start.column - 1, width) : 0
            let to = end.line == line ? min(end.column - 1, width) : width
            return from < to ? from..<to : nil
        }
    }

    /// Splits into lines at the same characters as libyaml.
    private static func split(_ bytes: [UInt8]) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = [[]]
        var afterReturn = false
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\n" where afterReturn: break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
            default: lines[lines.count - 1].append(scalar)
            }
            afterReturn = scalar == "\r"
        }
        return lines
    }
}

/// One line of a file, safe to show, with the position of the caret below it.
struct SourceExcerpt: Sendable, Hashable {
    /// The replacement of a secret. Its length is fixed, so that it does not reveal the secret's.
    static let mask: [Unicode.Scalar] = ["*", "*", "*"]
    /// The longest line that is shown whole, and how much is shown of longer ones before and behind the caret; in characters.
    private static let (wholeLine, reach) = (160, (before: 80, behind: 60))

    let text: String
    let caret: Int

    init(_ scalars: [Unicode.Scalar], caret: Int, hiding ranges: [Range<Int>]) {
        var shown: [Unicode.Scalar] = []
        var caretShown: Int?
        var index = 0
        for range in Self.merged(ranges) + [scalars.count..<scalars.count] {
            if (index..<range.lowerBound).contains(caret) { caretShown = shown.count + caret - index }
            shown += scalars[index..<range.lowerBound].map(Self.visible)
            if range.contains(caret) { caretShown = shown.count }
            if !range.isEmpty { shown += Self.mask }
            index = range.upperBound
        }
        let position = caretShown ?? shown.count
        let isShort = shown.count <= Self.wholeLine
        let first = isShort ? 0 : max(0, position - Self.reach.before)
        let last = isShort ? shown.count : min(shown.count, position + Self.reach.behind)
        var window = String(String.UnicodeScalarView(shown[first..<last]))
        if first > 0 { window = "…" + window }
        if last < shown.count { window += "…" }
        text = window
        self.caret = position - first + (first > 0 ? 1 : 0)
    }

    /// The ranges in order, with those that overlap made one.
    private static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = result.last, range.lowerBound < last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// One column for one character: tabs become spaces; characters that move the cursor or change the direction of text are replaced.
    private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar == "\t" { return " " }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: return "?"
        default: return scalar
        }
    }
}
