import Testing

@testable import HTTPServer

@Suite struct BodyInflaterTests {
    /// A text, and gzip's format of it.
    private static let text = Array("hello hello hello".utf8)
    private static let gzip: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90, 0x00, 0x80, 0x88,
        0xf9, 0xe5, 0x11, 0x00, 0x00, 0x00,
    ]

    private func unpack(_ packed: [UInt8], _ coding: HTTPContentCoding = .gzip, inPiecesOf size: Int = .max, most: Int = 1_000) throws
        -> [UInt8]
    {
        let inflater = BodyInflater(coding)
        var body: [UInt8] = []
        var rest = packed[...]
        while !rest.isEmpty {
            inflater.packed.append(contentsOf: rest.prefix(size))
            rest = rest.dropFirst(size)
            var before = body.count
            while try inflater.unpack(into: &body, most: most) {
                #expect(body.count - before <= most)
                before = body.count
            }
        }
        try inflater.finish()
        return body
    }

    @Test(arguments: [1, 2, 3, 7, .max], [1, 5, 1_000])
    func everySplit_givesTheSameText(size: Int, most: Int) throws {
        #expect(try unpack(Self.gzip, inPiecesOf: size, most: most) == Self.text)
    }

    @Test func members_followEachOther() throws {
        #expect(try unpack(Self.gzip + Self.gzip, inPiecesOf: 5) == Self.text + Self.text)
    }

    @Test func whatEndsInTheMiddle_isBroken() {
        for count in 0..<(Self.gzip.count - 1) {
            #expect(throws: HTTPViolation.self, "\(count) bytes") { try unpack(Array(Self.gzip.prefix(count))) }
        }
    }

    @Test func aWrongByte_isBrokenOrUnnoticed_butNeverATrap() {
        for index in Self.gzip.indices {
            for bit in 0..<8 {
                var broken = Self.gzip
                broken[index] ^= 1 << bit
                _ = try? unpack(broken)
                _ = try? unpack(broken, .deflate)
            }
        }
    }

    @Test(arguments: [
        ("gzip", HTTPContentCoding.gzip), ("X-GZIP", .gzip), ("deflate", .deflate), ("", .identity), ("identity", .identity),
        ("identity, gzip", .gzip),
        ("gzip,", .gzip), ("gzip, gzip", .unknown), ("br", .unknown), ("gzip;q=1", .unknown),
    ])
    func fields_areRead(value: String, coding: HTTPContentCoding) throws {
        var parser = HTTPRequestParser(limits: HTTPLimits())
        let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: \(value)\r\n\r\n".utf8)
        guard case .head(let head, _) = parser.parseHead(bytes.span) else { return #expect(Bool(false), "no head") }
        #expect(head.contentCoding == coding)
    }
}
