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

/// The part of a prompt that contains the request.
struct Request {
    /// Its tokens, without greetings and thanks.
    let tokens: UnsafeBufferPointer<Token>
    /// Where it begins after a polite opening ("could you please").
    let opening: Int
    /// Its last line, if that begins after the opening.
    let lastLine: Range<Int>?
}

/// Computes a prompt's features in scratch memory of fixed size.
enum FeatureExtractor {
    /// Calls `body` with the features of `prompt`, which are valid until it returns.
    static func withFeatures<R>(of prompt: UnsafeRawBufferPointer, _ body: (borrowing PromptFeatures) -> R) -> R {
        Scratch.with { scratch in body(features(of: prompt, scratch)) }
    }

    private static func features(of prompt: UnsafeRawBufferPointer, _ scratch: Scratch) -> PromptFeatures {
        var tokenizer = Tokenizer(scratch)
        tokenizer.read(prompt)
        let tokens = UnsafeBufferPointer(start: scratch.tokens, count: tokenizer.tokenCount)
        let text = UnsafeBufferPointer(start: scratch.text, count: max(0, tokenizer.textCount))
        let range = Dressing.shared.request(in: tokens)
        let requested = UnsafeBufferPointer(rebasing: tokens[range])
        let numbers = PromptNumbers(counting: requested, in: scratch.numbers)
        let opening = Dressing.shared.opening(tokens, range) - range.lowerBound
        let lastLine = numbers.lastLineStart > opening ? numbers.lastLineStart..<requested.count : nil
        let request = Request(tokens: requested, opening: opening, lastLine: lastLine)
        return features(request, text, numbers, tokens, FeatureWriter(rows: scratch.rows, seen: scratch.seen))
    }

    private static func features(
        _ request: Request, _ text: UnsafeBufferPointer<UInt8>, _ numbers: PromptNumbers, _ tokens: UnsafeBufferPointer<Token>,
        _ writer: FeatureWriter
    ) -> PromptFeatures {
        var writer = writer
        var ends = InlineArray<5, Int>(repeating: 0)
        writer.writeWhole(request.tokens)
        ends[0] = writer.count
        numbers.note(distinct: writer.count)
        writer.writeHead(request)
        ends[1] = writer.count
        writer.writeTail(request.tokens)
        ends[2] = writer.count
        writer.writeCharacters(of: text, request)
        ends[3] = writer.count
        writer.writeBits(request, numbers)
        ends[4] = writer.count
        return PromptFeatures(rows: writer.written, ends: ends, numbers: numbers, tokens: tokens)
    }
}
