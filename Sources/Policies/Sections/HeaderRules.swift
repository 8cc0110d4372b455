/// Which headers a policy may add to upstream calls.
enum HeaderRules {
    /// Fields of one connection (RFC 9110, section 7.6.1), and those that frame the message.
    private static let reserved: Set<String> = [
        "connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// Why a header of this name (in lower case) cannot be set; `nil` when it can.
    static func unavailability(toName name: String) -> String? {
        guard !name.isEmpty, name.utf8.count <= PolicyLimits.nameBytes, name.utf8.allSatisfy(isTokenCharacter) else {
            return "is not a valid header name"
        }
        return reserved.contains(name) ? "cannot be set: it belongs to the connection" : nil
    }

    /// Why a header cannot have this value; `nil` when it can.
    static func unavailability(toValue value: String) -> String? {
        if value.utf8.count > 8192 { return "is longer than 8192 bytes" }
        if value.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
            return "has a line break or another control character"
        }
        return nil
    }

    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
