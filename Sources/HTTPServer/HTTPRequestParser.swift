/// Parses the head of one HTTP/1.1 request after the other (RFC 9112), strictly: everything that two parsers are known to
/// read differently is refused, also where the RFC would let a server repair it.
///
/// The parser does no I/O and keeps no bytes. The connection gives it what it has received and not consumed; when that was
/// too little, the connection receives more and gives it the same bytes again with the new ones at their end. The parser
/// remembers how far it came, so that a head that drips in byte by byte costs no more than one that comes whole, and the
/// result is the same however the bytes were cut.
public struct HTTPRequestParser: Sendable {
    /// What the bytes so far amount to.
    public enum HeadResult: Sendable {
        /// More bytes are needed.
        case incomplete
        /// A head; its first `consumed` bytes of the input are done with, the body begins after them.
        case head(HTTPRequestHead, consumed: Int)
        /// Answer, close, and look at no further byte. The parser stays in this state.
        case invalid(HTTPViolation)
    }

    private let limits: HTTPLimits
    private var progress = Progress()
    private var failure: HTTPViolation?
    /// How many bytes were looked at in all, for the test that dripping is linear.
    private(set) var examined = 0

    /// Makes a parser for one connection.
    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
    }

    /// Whether some of the current head has been seen: tells a client that is slow from one that is idle.
    public var isWithinHead: Bool { progress.searched > 0 }

    /// Looks for a head at the start of `input`.
    ///
    /// - Parameter input: All bytes received after the previous request, from its body's end on.
    public mutating func parseHead(_ input: Span<UInt8>) -> HeadResult {
        if let failure { return .invalid(failure) }
        do {
            return try advance(input)
        } catch {
            failure = error
            return .invalid(error)
        }
    }
}

// MARK: - Lines

extension HTTPRequestParser {
    /// How far the current head has been parsed. All offsets count from the start of the input.
    private struct Progress {
        /// Where the head begins: 2 after a tolerated empty line.
        var headStart = 0
        /// Where the first line that has not been parsed begins.
        var lineStart = 0
        /// Up to where that line has been searched for its end.
        var searched = 0
        var beginningIsChecked = false
        var requestLine: RequestLine?
        var fields: [FieldOffsets] = []
        var nameLengths: UInt64 = 0
        var facts = HeadFacts()
    }

    private mutating func advance(_ input: Span<UInt8>) throws(HTTPViolation) -> HeadResult {
        guard let requestLine = try requestLine(input) else { return .incomplete }
        let ceiling = progress.headStart + limits.head
        while let lineEnd = try nextLineEnd(input, ceiling: ceiling, excess: .headTooLarge) {
            guard lineEnd > progress.lineStart else { return try finish(input, requestLine) }
            try parseField(input, to: lineEnd)
            progress.lineStart = lineEnd + 2
        }
        return .incomplete
    }

    private mutating func requestLine(_ input: Span<UInt8>) throws(HTTPViolation) -> RequestLine? {
        if let requestLine = progress.requestLine { return requestLine }
        guard try skipEmptyLine(input) else { return nil }
        let start = progress.headStart
        let ceiling = start + min(limits.requestLine + 2, limits.head)
        if !progress.beginningIsChecked {
            // No further than the line may reach, or the order of two faults would depend on how the bytes were cut.
            progress.beginningIsChecked = try RequestLine.checkBeginning(input, from: start, to: min(input.count, ceiling))
        }
        guard let lineEnd = try nextLineEnd(input, ceiling: ceiling, excess: .requestLineTooLong) else { return nil }
        let requestLine = try RequestLine(input, from: start, to: lineEnd)
        examined += lineEnd - start
        progress.requestLine = requestLine
        progress.lineStart = lineEnd + 2
        return requestLine
    }

    /// Passes over one empty line before the request, which some clients send after a body (RFC 9112, section 2.2).
    ///
    /// - Returns: Whether the first byte of the request line can be looked at.
    private mutating func skipEmptyLine(_ input: Span<UInt8>) throws(HTTPViolation) -> Bool {
        guard progress.headStart == 0, input.count > 0, input[0] == ByteClass.carriageReturn else {
            return input.count > progress.headStart
        }
        guard input.count > 1 else {
            progress.searched = 1
            return false
        }
        guard input[1] == ByteClass.lineFeed else { throw .notHTTP }
        progress.headStart = 2
        progress.lineStart = 2
        progress.searched = 2
        return input.count > 2
    }

    /// Where the CRLF of the current line stands.
    ///
    /// - Parameters:
    ///   - ceiling: The offset before which the line, its CRLF included, must end.
    ///   - excess: What to throw when it does not.
    @inline(__always)
    private mutating func nextLineEnd(_ input: Span<UInt8>, ceiling: Int, excess: HTTPViolation) throws(HTTPViolation) -> Int? {
        let end = min(input.count, ceiling)
        guard let lineFeed = input.firstIndex(of: ByteClass.lineFeed, from: progress.searched, to: end) else {
            examined += max(0, end - progress.searched)
            progress.searched = max(progress.searched, end)
            if input.count >= ceiling { throw excess }
            return nil
        }
        examined += lineFeed + 1 - progress.searched
        progress.searched = lineFeed + 1
        guard lineFeed > progress.lineStart, input[lineFeed - 1] == ByteClass.carriageReturn else { throw .bareLineFeed }
        return lineFeed - 1
    }
}

// MARK: - Fields

extension HTTPRequestParser {
    private mutating func parseField(_ input: Span<UInt8>, to end: Int) throws(HTTPViolation) {
        let start = progress.lineStart
        guard progress.fields.count < limits.fieldCount else { throw .tooManyFields }
        let colon = input.tokenEnd(from: start, to: end)
        guard colon > start, colon < end, input[colon] == UInt8(ascii: ":") else {
            throw ByteClass.isBlank(input[start]) ? .foldedField : .malformedFieldName
        }
        let value = input.trimmingBlanks(from: colon + 1, to: end)
        guard input.isFieldContent(from: value.start, to: value.end) else { throw .malformedFieldValue }
        examined += end - start

        let field = FieldOffsets(name: ByteRange(start, colon), value: value)
        // Sixteen hold a browser's or an SDK's head in one allocation.
        if progress.fields.isEmpty { progress.fields.reserveCapacity(16) }
        progress.fields.append(field)
        progress.nameLengths |= HTTPFieldList.lengthBit(colon - start)
        try progress.facts.note(input, field)
    }

    private mutating func finish(_ input: Span<UInt8>, _ requestLine: RequestLine) throws(HTTPViolation) -> HeadResult {
        let framing = try progress.facts.framing(of: requestLine, in: input, bodyLimit: limits.body)
        let consumed = progress.searched
        let fields = HTTPFieldList(bytes: input.array(0..<consumed), offsets: progress.fields, nameLengths: progress.nameLengths)
        let head = HTTPRequestHead(line: requestLine, facts: progress.facts, framing: framing, fields: fields)
        progress = Progress()
        return .head(head, consumed: consumed)
    }
}
