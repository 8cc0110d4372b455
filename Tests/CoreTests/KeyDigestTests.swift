import Core
import Testing

@Suite struct KeyDigestTests {
    private static let bytes = [UInt8](0..<32)
    private static let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

    @Test func hexAndBytesAgree() throws {
        let digest = try #require(KeyDigest(hex: Self.hex))
        #expect(digest.bytes == Self.bytes)
        #expect(digest.hex == Self.hex && "\(digest)" == Self.hex)
        #expect(KeyDigest(bytes: Self.bytes) == digest)
        #expect(KeyDigest(bytes: Self.bytes[...]) == digest)
        #expect(KeyDigest(hex: Self.hex.uppercased()) == digest)
        #expect(Set([digest, digest]).count == 1)
    }

    @Test func everyBitCounts() throws {
        let digest = try #require(KeyDigest(bytes: Self.bytes))
        for bit in 0..<256 {
            var other = Self.bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(KeyDigest(bytes: other) != digest)
        }
    }

    @Test(arguments: [31, 33, 0, 64])
    func otherLengthsAreRefused(_ count: Int) {
        #expect(KeyDigest(bytes: [UInt8](repeating: 7, count: count)) == nil)
        #expect(KeyDigest(hex: String(repeating: "ab", count: count)) == nil)
    }

    @Test func otherCharactersAreRefused() {
        #expect(KeyDigest(hex: "g" + Self.hex.dropFirst()) == nil)
        #expect(KeyDigest(hex: Self.hex.dropLast()) == nil)
        #expect(KeyDigest(hex: " " + Self.hex) == nil)
        #expect(KeyDigest(hex: String(repeating: "é", count: 32)) == nil)
    }
}
