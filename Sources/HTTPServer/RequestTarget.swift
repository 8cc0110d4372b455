/// Path, query and authority of a request target in origin-form (`/path?query`) or absolute-form (`http://host/path?query`).
struct RequestTarget: Sendable {
    /// Begins with "/".
    let path: ByteRange
    /// What follows the first "?".
    let query: ByteRange?
    /// From an absolute-form only.
    let authority: ByteRange?

    /// Parses `start..<end`, which holds nothing but `ByteClass.isTarget` bytes.
    init(_ input: Span<UInt8>, from start: Int, to end: Int) throws(HTTPViolation) {
        guard start < end else { throw .unsupportedTarget }
        try Self.checkPercentEncoding(input, from: start, to: end)
        let question = input.firstIndex(of: UInt8(ascii: "?"), from: start, to: end)
        let pathEnd = question ?? end
        query = question.map { ByteRange($0 + 1, end) }
        if input[start] == UInt8(ascii: "/") {
            path = ByteRange(start, pathEnd)
            authority = nil
            return
        }
        let authorityStart = try Self.schemeEnd(input, from: start, to: pathEnd)
        let authorityEnd = input.firstIndex(of: UInt8(ascii: "/"), from: authorityStart, to: pathEnd) ?? pathEnd
        let host = ByteRange(authorityStart, authorityEnd)
        guard Authority.isValid(input, host) else { throw .malformedHost }
        authority = host
        // An absent path means "/", and the byte before the authority is one.
        path = authorityEnd < pathEnd ? ByteRange(authorityEnd, pathEnd) : ByteRange(authorityStart - 1, authorityStart)
    }

    private static func schemeEnd(_ input: Span<UInt8>, from start: Int, to end: Int) throws(HTTPViolation) -> Int {
        for scheme in ["http://", "https://"] as [StaticString] {
            let schemeEnd = start + scheme.utf8CodeUnitCount
            if schemeEnd <= end, input.equalsIgnoringCase(scheme, in: ByteRange(start, schemeEnd)) { return schemeEnd }
        }
        throw .unsupportedTarget
    }

    private static func checkPercentEncoding(_ input: Span<UInt8>, from start: Int, to end: Int) throws(HTTPViolation) {
        var next = start
        while let percent = input.firstIndex(of: UInt8(ascii: "%"), from: next, to: end) {
            guard percent + 2 < end, ByteClass.hexValue(input[percent + 1]) != nil, ByteClass.hexValue(input[percent + 2]) != nil
            else { throw .malformedTarget }
            next = percent + 3
        }
    }
}

/// `host [":" port]`, in the narrow form that real clients send: a DNS name, an IPv4 address or a bracketed IPv6 address.
///
/// User information, percent-encoding and `sub-delims` are refused although the RFC's grammar has (some of) them: parsers
/// disagree about them, and routing attacks live off that.
enum Authority {
    /// RFC 1035 allows 253.
    private static let longestHost = 255

    static func isValid(_ input: Span<UInt8>, _ range: ByteRange) -> Bool {
        guard let hostEnd = hostEnd(input, range), hostEnd - range.start <= longestHost else { return false }
        if hostEnd == range.end { return true }
        guard input[hostEnd] == UInt8(ascii: ":") else { return false }
        return isPort(input, ByteRange(hostEnd + 1, range.end))
    }

    private static func hostEnd(_ input: Span<UInt8>, _ range: ByteRange) -> Int? {
        guard range.count > 0 else { return nil }
        var index = range.start
        guard input[index] == UInt8(ascii: "[") else {
            while index < range.end, ByteClass.isHostName(input[index]) { index += 1 }
            return index > range.start ? index : nil
        }
        index += 1
        var colons = 0
        while index < range.end, ByteClass.isIPv6(input[index]) {
            colons += input[index] == UInt8(ascii: ":") ? 1 : 0
            index += 1
        }
        guard colons >= 2, index < range.end, input[index] == UInt8(ascii: "]") else { return nil }
        return index + 1
    }

    private static func isPort(_ input: Span<UInt8>, _ range: ByteRange) -> Bool {
        guard 1...5 ~= range.count else { return false }
        var port = 0
        for index in range.range {
            guard ByteClass.isDigit(input[index]) else { return false }
            port = port * 10 + Int(input[index] &- 0x30)
        }
        return port <= 65_535
    }
}
