internal import Chat
internal import Core
public import EventLoop
internal import HTTPServer
internal import Ledger

/// The access rules of the admin listener: a request needs its key, and must name one of its hosts.
///
/// Checking the host keeps out web pages that let their own name resolve to this machine (DNS rebinding).
public struct AdminAccess: Sendable {
    private let hosts: Set<String>
    private let key: KeyDigest

    /// Makes the rules of a listener.
    /// - Parameter names: further host names that are accepted.
    public init(address: ListenAddress, names: [String], key: AdminKey) {
        let own = address.host.contains(":") ? "[\(address.host)]" : address.host
        hosts = Set((["localhost", "127.0.0.1", "[::1]", own] + names).map { $0.lowercased() })
        self.key = key.digest
    }

    /// - Throws: 403 when the request names no host, or one that is not the listener's.
    func checkHost(_ head: HTTPRequestHead) throws(GatewayError) {
        let host = head.authority.map(Self.withoutPort) ?? ""
        if hosts.contains(host) { return }
        throw GatewayError(
            .hostNotAllowed,
            "The admin listener does not answer for this host. Use its own address, or start purser with --admin-host NAME.")
    }

    /// - Throws: 401 unless `Authorization: Bearer` holds the key.
    func checkKey(_ head: HTTPRequestHead) throws(GatewayError) {
        guard head.count(of: "authorization") == 1, let value = head.first("authorization"), let presented = Self.bearer(value),
            key.constantTimeEquals(presented.withUnsafeBytes { KeyDigest.sha256(of: $0) })
        else {
            throw GatewayError(
                .invalidAPIKey,
                "Incorrect API key provided. The admin listener takes its own key only, as Authorization: Bearer: PURSER_ADMIN_KEY, "
                    + "or what is in the file admin-key of the state directory.")
        }
    }

    /// The host of `authority` in lower case.
    private static func withoutPort(_ authority: ArraySlice<UInt8>) -> String {
        let text = String(decoding: authority, as: UTF8.self).lowercased()
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else { return text }
        return String(text[..<colon])
    }

    private static func bearer(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard value.count > 7, value.prefix(7).map({ $0 | 0x20 }).elementsEqual("bearer ".utf8) else { return nil }
        return value.dropFirst(7).drop { $0 == UInt8(ascii: " ") }
    }
}

extension GatewayError.Code {
    /// 403: a request to the admin listener under a name that is not its own.
    static let hostNotAllowed = Self("host_not_allowed", 403, "permission_error")
}
