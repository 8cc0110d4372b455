/// The address of a provider: `http` or `https`, host, port and path, without credentials, query or fragment.
public struct EndpointURL: Hashable, Sendable {
    /// Whether the scheme is `https`.
    public let isSecure: Bool
    /// The host in lower case; an IPv6 address with its brackets.
    public let host: String
    /// The port, 1 to 65535: as written, else 443 or 80.
    public let port: Int
    /// The path: empty, or begins with `/` and does not end with one.
    public let path: String

    /// The address in normal form: no trailing slash, no default port.
    public var text: String {
        let standardPort = isSecure ? 443 : 80
        return (isSecure ? "https://" : "http://") + host + (port == standardPort ? "" : ":\(port)") + path
    }

    /// Why an address cannot be used. Never quotes it: it may come from the environment and hold a secret.
    struct Unavailability: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }

    init(_ text: String) throws(Unavailability) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 2048 else { throw Unavailability("is longer than 2048 bytes") }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Unavailability("has spaces or characters other than printable ASCII")
        }
        let lowered = text.lowercased()
        guard lowered.hasPrefix("https://") || lowered.hasPrefix("http://") else {
            throw Unavailability("must begin with https:// or http://")
        }
        isSecure = lowered.hasPrefix("https://")
        let rest = bytes[(isSecure ? 8 : 7)...]
        guard !rest.contains(UInt8(ascii: "#")) else { throw Unavailability("must not have a fragment (#…)") }
        guard !rest.contains(UInt8(ascii: "?")) else { throw Unavailability("must not have a query (?…)") }
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        guard !rest[..<slash].contains(UInt8(ascii: "@")) else {
            throw Unavailability("must not have credentials (…@); use api_key or headers")
        }
        (host, port) = try Self.authority(rest[..<slash], standardPort: isSecure ? 443 : 80)
        path = try Self.path(rest[slash...])
    }

    private static func authority(_ bytes: ArraySlice<UInt8>, standardPort: Int) throws(Unavailability) -> (String, Int) {
        let hostEnd: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")) else {
                throw Unavailability("has an IPv6 address without its closing bracket")
            }
            let inside = bytes[(bytes.startIndex + 1)..<bracket]
            guard inside.contains(UInt8(ascii: ":")), inside.allSatisfy(isAddressCharacter) else {
                throw Unavailability("has a wrong IPv6 address")
            }
            hostEnd = bracket + 1
        } else {
            hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            guard hostEnd > bytes.startIndex else { throw Unavailability("has no host") }
            guard bytes[..<hostEnd].allSatisfy(isHostCharacter) else {
                throw Unavailability("has a host with characters that no host name has")
            }
        }
        let host = String(decoding: bytes[..<hostEnd], as: UTF8.self).lowercased()
        var rest = bytes[hostEnd...]
        guard let colon = rest.popFirst() else { return (host, standardPort) }
        guard colon == UInt8(ascii: ":"), rest.allSatisfy(isDigit), rest.count <= 5, let port = Int(String(decoding: rest, as: UTF8.self)),
            (1...65535).contains(port)
        else { throw Unavailability("must have a port from 1 to 65535") }
        return (host, port)
    }

    private static func path(_ bytes: ArraySlice<UInt8>) throws(Unavailability) -> String {
        guard bytes.allSatisfy(isPathCharacter) else { throw Unavailability("has a path with characters that must be percent-encoded") }
        let segments = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        guard !segments.contains(where: { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) }) else {
            throw Unavailability("must not have \".\" or \"..\" in its path")
        }
        var kept = bytes
        while kept.last == UInt8(ascii: "/") { kept.removeLast() }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "-._".utf8.contains(byte) }

    private static func isAddressCharacter(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20) || ":.".utf8.contains(byte)
    }

    private static func isPathCharacter(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "/-._~!$&'()*+,;=:@%".utf8.contains(byte) }
}
