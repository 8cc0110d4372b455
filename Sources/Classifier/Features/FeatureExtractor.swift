/// The features of one prompt, in borrowed buffers.
struct PromptFeatures {
    /// Rows of the model's table, section after section, no row twice.
    let rows: UnsafeBufferPointer<UInt16>
    /// Where each section ends in `rows`.
    let ends: InlineArray<5, Int>
    let numbers: PromptNumbers
    /// All tokens, greetings and thanks included.
    let tokens: UnsafeBufferPointer<Token>
}

/// Turns a prompt into features, with scratch memory of fixed size.
enum FeatureExtractor {
    private static let bitWords = FeatureSpace.rowCount / 64

    /// Calls `body` with the features of `prompt`; they are valid until it returns.
    static func withFeatures<R>(of prompt: UnsafeRawBufferPointer, _ body: (borrowing PromptFeatures) -> R) -> R {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Tokenizer.capacity) { text in
            withUnsafeTemporaryAllocation(of: Token.self, capacity: Tokenizer.capacity) { tokens in
                withUnsafeTemporaryAllocation(of: UInt16.self, capacity: FeatureSpace.rowCapacity) { rows in
                    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: bitWords) { seen in
                        guard let text = text.baseAddress, let tokens = tokens.baseAddress else {
                            preconditionFailure("scratch memory has an address")
                        }
                        seen.initialize(repeating: 0)
                        return extract(prompt, text, tokens, FeatureWriter(rows: rows, seen: seen), body)
                    }
                }
            }
        }
    }

    private static func extract<R>(
        _ prompt: UnsafeRawBufferPointer, _ text: UnsafeMutablePointer<UInt8>, _ tokens: UnsafeMutablePointer<Token>,
        _ writer: FeatureWriter,
        _ body: (borrowing PromptFeatures) -> R
    ) -> R {
        var writer = writer
        let (textCount, tokenCount) = Lexicon.shared.withLookup { lookup in
            var tokenizer = Tokenizer(text: text, tokens: tokens, lookup: lookup)
            tokenizer.read(prompt)
            return (tokenizer.textCount, tokenizer.tokenCount)
        }
        let all = UnsafeBufferPointer(start: tokens, count: tokenCount)
        let range = Dressing.shared.request(in: all)
        let request = UnsafeBufferPointer(rebasing: all[range])
        let opening = Dressing.shared.opening(all, range) - range.lowerBound
        var numbers = PromptNumbers(request)
        var ends = InlineArray<5, Int>(repeating: 0)
        writer.writeWhole(request)
        ends[0] = writer.count
        numbers.note(distinct: writer.count)
        writer.writeHead(request, opening: opening)
        ends[1] = writer.count
        writer.writeTail(request)
        ends[2] = writer.count
        writer.writeCharacters(of: UnsafeBufferPointer(start: text, count: textCount), request, opening: opening)
        ends[3] = writer.count
        writer.writeBits(request, opening: opening, numbers)
        ends[4] = writer.count
        return body(PromptFeatures(rows: writer.written, ends: ends, numbers: numbers, tokens: all))
    }
}
