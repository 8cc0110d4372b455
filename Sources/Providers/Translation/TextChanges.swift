internal import Chat
internal import Core

/// Changes to a text, made in one pass over its bytes. The places are those of the text as it was read.
struct TextChanges {
    private var changes: [(range: Range<Int>, bytes: [UInt8])] = []

    /// Whether the text stays as it is.
    var isEmpty: Bool { changes.isEmpty }

    mutating func replace(_ range: Range<Int>, with bytes: [UInt8]) { changes.append((range, bytes)) }

    mutating func replace(_ range: Range<Int>, with text: StaticString) {
        var bytes: [UInt8] = []
        bytes.append(text)
        replace(range, with: bytes)
    }

    /// What is inserted at one place stands there in the order of the calls.
    mutating func insert(_ bytes: [UInt8], at offset: Int) { changes.append((offset..<offset, bytes)) }

    /// Appends `text` with the changes. Of two changes of one place the first counts.
    func append(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        var position = 0
        if changes.count == 1 {
            out.append(contentsOf: text[..<changes[0].range.lowerBound])
            out.append(contentsOf: changes[0].bytes)
            out.append(contentsOf: text[changes[0].range.upperBound...])
            return
        }
        let sorted = changes.enumerated().sorted { ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset) }
        for (_, change) in sorted where change.range.lowerBound >= position {
            out.append(contentsOf: text[position..<change.range.lowerBound])
            out.append(contentsOf: change.bytes)
            position = change.range.upperBound
        }
        out.append(contentsOf: text[position...])
    }
}
