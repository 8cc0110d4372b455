/// Answers: each is written to the end of `output`.
extension HTTP1Session {
    /// What the server has to add to every head.
    struct Surroundings {
        /// The value of the field `date`.
        let date: [UInt8]
        /// Whether connections are kept for another request.
        let keepsConnections: Bool
    }

    /// Writes the interim answer to a client that waits for it before it sends its body.
    func appendContinue(to output: inout [UInt8]) { if exchange.expectsContinue { HTTP1Writer.appendContinue(to: &output) } }

    /// Writes a whole answer.
    mutating func respond(_ head: consuming HTTPResponseHead, body: [UInt8], _ surroundings: Surroundings, to output: inout [UInt8]) {
        guard exchange.answer == .none else { return }
        exchange.answer = .whole
        head.framing = .length(body.count)
        output.reserveCapacity(output.count + body.count + 768)
        append(&head, surroundings, to: &output)
        if !exchange.isHeadOnly { output.append(contentsOf: body) }
    }

    /// Writes the head of an answer whose length is not known.
    mutating func begin(_ head: consuming HTTPResponseHead, _ surroundings: Surroundings, to output: inout [UInt8]) {
        guard exchange.answer == .none else { return }
        exchange.answer = .begun
        head.framing = exchange.beginStream()
        append(&head, surroundings, to: &output)
    }

    /// Writes a piece of an answer that was begun.
    func write(_ bytes: [UInt8], to output: inout [UInt8]) {
        guard exchange.answer == .begun, !exchange.isHeadOnly else { return }
        if exchange.isChunked { HTTP1Writer.appendChunk(bytes[...], to: &output) } else { output.append(contentsOf: bytes) }
    }

    /// Writes the end of an answer that was begun.
    mutating func end(to output: inout [UInt8]) {
        guard exchange.answer == .begun else { return }
        exchange.answer = .whole
        if exchange.isChunked, !exchange.isHeadOnly { HTTP1Writer.appendLastChunk(to: &output) }
    }

    /// Writes the answer to what was refused.
    func respondToRefused(_ head: consuming HTTPResponseHead, body: [UInt8], _ surroundings: Surroundings, to output: inout [UInt8]) {
        head.framing = .length(body.count)
        head.closes = true
        HTTP1Writer.append(head, date: surroundings.date, to: &output)
        output.append(contentsOf: body)
    }

    private mutating func append(_ head: inout HTTPResponseHead, _ surroundings: Surroundings, to output: inout [UInt8]) {
        // An unread body would be taken for the next request.
        if !exchange.bodyIsRead { lingers = true }
        head.closes = exchange.decideToClose(keepsConnections: surroundings.keepsConnections)
        HTTP1Writer.append(head, date: surroundings.date, to: &output)
    }
}
