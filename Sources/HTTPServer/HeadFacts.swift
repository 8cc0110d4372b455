/// What the fields of a head say about framing and connection, gathered field by field.
struct HeadFacts: Sendable {
    private(set) var host: ByteRange?
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private(set) var closes = false
    private(set) var keepsAlive = false
    private(set) var expectsContinue = false
    private(set) var contentCoding = HTTPContentCoding.identity
    private(set) var offersUpgrade = false

    /// Takes one checked field into account. Anything said twice that must be said once is refused, even when both agree:
    /// the next parser on the way may take the other one.
    mutating func note(_ input: Span<UInt8>, _ field: FieldOffsets) throws(HTTPViolation) {
        let (name, value) = (field.name, field.value)
        switch name.count {
        case 4 where input.equalsIgnoringCase("host", in: name): try noteHost(input, value)
        case 6 where input.equalsIgnoringCase("expect", in: name): try noteExpectation(input, value)
        case 7 where input.equalsIgnoringCase("upgrade", in: name): offersUpgrade = true
        case 10 where input.equalsIgnoringCase("connection", in: name): noteConnection(input, value)
        case 14 where input.equalsIgnoringCase("content-length", in: name): try noteLength(input, value)
        case 16 where input.equalsIgnoringCase("content-encoding", in: name): noteContentEncoding(input, value)
        case 17 where input.equalsIgnoringCase("transfer-encoding", in: name): try noteCoding(input, value)
        default: break
        }
    }

    /// What they mean together, once all are known.
    func framing(of line: RequestLine, in input: Span<UInt8>, bodyLimit: Int) throws(HTTPViolation) -> HTTPFraming {
        try checkHost(of: line, in: input)
        guard !isChunked else {
            guard line.minorVersion == 1 else { throw .codingInHTTP10 }
            guard contentLength == nil else { throw .lengthAndCoding }
            return .chunked
        }
        guard let contentLength, contentLength > 0 else { return .none }
        guard contentLength <= bodyLimit else { throw .bodyTooLarge }
        return .length(contentLength)
    }

    private func checkHost(of line: RequestLine, in input: Span<UInt8>) throws(HTTPViolation) {
        guard let host else {
            if line.minorVersion == 1 { throw .missingHost }
            return
        }
        guard let authority = line.target.authority else { return }
        guard authority.count == host.count else { throw .conflictingHost }
        for (left, right) in zip(authority.range, host.range) where ByteClass.lowercased(input[left]) != ByteClass.lowercased(input[right])
        {
            throw .conflictingHost
        }
    }
}

// MARK: - Single fields

extension HeadFacts {
    private mutating func noteHost(_ input: Span<UInt8>, _ value: ByteRange) throws(HTTPViolation) {
        guard host == nil else { throw .repeatedHost }
        guard Authority.isValid(input, value) else { throw .malformedHost }
        host = value
    }

    private mutating func noteExpectation(_ input: Span<UInt8>, _ value: ByteRange) throws(HTTPViolation) {
        guard input.equalsIgnoringCase("100-continue", in: value) else { throw .unknownExpectation }
        expectsContinue = true
    }

    private mutating func noteConnection(_ input: Span<UInt8>, _ value: ByteRange) {
        input.forEachListElement(in: value) { element in
            if input.equalsIgnoringCase("close", in: element) { closes = true }
            if input.equalsIgnoringCase("keep-alive", in: element) { keepsAlive = true }
        }
    }

    private mutating func noteContentEncoding(_ input: Span<UInt8>, _ value: ByteRange) {
        input.forEachListElement(in: value) { element in
            guard element.count > 0, !input.equalsIgnoringCase("identity", in: element) else { return }
            let isGzip = input.equalsIgnoringCase("gzip", in: element) || input.equalsIgnoringCase("x-gzip", in: element)
            let coding: HTTPContentCoding = isGzip ? .gzip : input.equalsIgnoringCase("deflate", in: element) ? .deflate : .unknown
            contentCoding = contentCoding == .identity ? coding : .unknown
        }
    }

    private mutating func noteLength(_ input: Span<UInt8>, _ value: ByteRange) throws(HTTPViolation) {
        guard contentLength == nil else { throw .repeatedLength }
        guard 1...18 ~= value.count else { throw .malformedLength }
        var length = 0
        for index in value.range {
            guard ByteClass.isDigit(input[index]) else { throw .malformedLength }
            length = length * 10 + Int(input[index] &- 0x30)
        }
        contentLength = length
    }

    /// Only `chunked` alone will do. A coding that is not implemented is 501; nonsense, and `chunked` twice, is 400.
    private mutating func noteCoding(_ input: Span<UInt8>, _ value: ByteRange) throws(HTTPViolation) {
        guard !isChunked else { throw .repeatedCoding }
        if input.equalsIgnoringCase("chunked", in: value) {
            isChunked = true
            return
        }
        var hasUnknown = false
        var isMalformed = false
        input.forEachListElement(in: value) { element in
            if element.count == 0 || element.range.contains(where: { !ByteClass.isToken(input[$0]) }) { isMalformed = true }
            if !input.equalsIgnoringCase("chunked", in: element) { hasUnknown = true }
        }
        throw hasUnknown && !isMalformed ? .unknownCoding : .malformedCoding
    }
}

extension Span<UInt8> {
    /// Calls `body` with every element of a comma-separated list, blanks around it removed; empty elements included.
    func forEachListElement(in value: ByteRange, _ body: (ByteRange) -> Void) {
        var start = value.start
        while true {
            let comma = firstIndex(of: UInt8(ascii: ","), from: start, to: value.end) ?? value.end
            body(trimmingBlanks(from: start, to: comma))
            guard comma < value.end else { return }
            start = comma + 1
        }
    }

    /// `lower..<upper` without the spaces and tabs at its ends.
    @inline(__always)
    func trimmingBlanks(from lower: Int, to upper: Int) -> ByteRange {
        var (start, end) = (lower, upper)
        while start < end, ByteClass.isBlank(self[start]) { start += 1 }
        while end > start, ByteClass.isBlank(self[end - 1]) { end -= 1 }
        return ByteRange(start, end)
    }
}
