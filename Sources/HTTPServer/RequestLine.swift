/// A checked request line, as offsets into its head.
struct RequestLine: Sendable {
    var method: HTTPMethod
    var methodName: ByteRange
    var target: RequestTarget
    var minorVersion: Int

    /// Parses `start..<end`, a line without its CRLF whose beginning has passed `checkBeginning`.
    init(_ input: Span<UInt8>, from start: Int, to end: Int) throws(HTTPViolation) {
        let methodEnd = input.tokenEnd(from: start, to: end)
        methodName = ByteRange(start, methodEnd)
        method = HTTPMethod(input, methodName)

        let targetStart = methodEnd + 1
        var targetEnd = targetStart
        while targetEnd < end, ByteClass.isTarget(input[targetEnd]) { targetEnd += 1 }
        guard targetEnd < end else { throw .malformedRequestLine }
        guard input[targetEnd] == ByteClass.space else { throw .malformedTarget }
        target = try RequestTarget(input, from: targetStart, to: targetEnd)
        minorVersion = try Self.minorVersion(input, ByteRange(targetEnd + 1, end))
    }

    private static func minorVersion(_ input: Span<UInt8>, _ range: ByteRange) throws(HTTPViolation) -> Int {
        if input.equals("HTTP/1.1", in: range) { return 1 }
        if input.equals("HTTP/1.0", in: range) { return 0 }
        let start = range.start
        guard range.count == 8, input.equals("HTTP/", in: ByteRange(start, start + 5)), ByteClass.isDigit(input[start + 5]),
            input[start + 6] == UInt8(ascii: "."), ByteClass.isDigit(input[start + 7])
        else { throw .malformedRequestLine }
        throw .unsupportedVersion
    }
}

extension RequestLine {
    /// Longest method name that is looked at; the registered ones have at most 16 letters.
    private static let longestMethod = 32

    /// Refuses as early as possible what cannot become a request line: TLS on a plain port, another protocol, binary. Such a
    /// client may never send a line end, and must not be waited for.
    ///
    /// - Returns: Whether the method and the first byte of the target are there and fine; false asks for more bytes.
    static func checkBeginning(_ input: Span<UInt8>, from start: Int, to end: Int) throws(HTTPViolation) -> Bool {
        var index = start
        while index < end, ByteClass.isToken(input[index]) {
            index += 1
            if index - start > longestMethod { throw .methodTooLong }
        }
        guard index < end else { return false }
        guard index > start else { throw .notHTTP }
        guard input[index] == ByteClass.space else { throw .malformedRequestLine }
        let method = ByteRange(start, index)
        if input.equals("CONNECT", in: method) { throw .tunnel }
        if input.equals("PRI", in: method) || input.equals("PROXY", in: method) { throw .notHTTP }
        guard index + 1 < end else { return false }
        switch input[index + 1] {
        case UInt8(ascii: "/"), UInt8(ascii: "h"), UInt8(ascii: "H"): return true
        default: throw .unsupportedTarget
        }
    }
}
