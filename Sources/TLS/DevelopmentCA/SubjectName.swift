internal import Glibc

/// The subject of a certificate: a host name or an address.
enum SubjectName: Hashable, Sendable {
    /// A host name in lower case; may begin with `*.`.
    case host(String)
    /// An address in its shortest form, without brackets.
    case address(String)

    /// Parses a name; `nil` if `text` is neither.
    init?(_ text: String) {
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        if let address = Self.address(bare, AF_INET, size: 4) ?? Self.address(bare, AF_INET6, size: 16) {
            self = .address(address)
        } else if Self.isHost(text) {
            self = .host(text.lowercased())
        } else {
            return nil
        }
    }

    private static func address(_ text: String, _ family: Int32, size: Int) -> String? {
        var bytes = [UInt8](repeating: 0, count: size)
        var spelling = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_pton(family, text, &bytes) == 1, inet_ntop(family, bytes, &spelling, socklen_t(spelling.count)) != nil else {
            return nil
        }
        return String(decoding: spelling.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Only letters, digits and inner hyphens are allowed: OpenSSL parses the names as a list.
    private static func isHost(_ text: String) -> Bool {
        let name = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, let last = labels.last, !last.allSatisfy(\.isNumber) else { return false }
        return labels.allSatisfy { label in
            1...63 ~= label.utf8.count && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// The name in OpenSSL's syntax for `subjectAltName`.
    var alternativeName: String {
        switch self {
        case .host(let name): "DNS:" + name
        case .address(let text): "IP:" + text
        }
    }

    /// The name alone.
    var text: String {
        switch self {
        case .host(let text), .address(let text): text
        }
    }
}
