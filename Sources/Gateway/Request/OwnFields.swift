internal import Chat
internal import HTTPServer

/// The header fields that control the gateway. Each may occur once: if a proxy added a field that the client had sent too, it would not be
/// clear which one counts.
enum OwnFields {
    private static let names: [StaticString] = [
        "x-purser-max-cost", "x-purser-timeout", "x-purser-metadata", "x-purser-explain", "x-session-id", "idempotency-key",
    ]

    /// The value of a field that policies look at, `name` in lower case; several are one list (RFC 9110, section 5.3).
    static func value(named name: String, in head: HTTPRequestHead) -> String? {
        guard let first = head.fields.first(named: name) else { return nil }
        let all = head.fields.filter { String(decoding: $0.name, as: UTF8.self).lowercased() == name }
        return all.count < 2
            ? String(decoding: first, as: UTF8.self) : all.map { String(decoding: $0.value, as: UTF8.self) }.joined(separator: ", ")
    }

    /// - Throws: `invalid_request_error` naming a field that is there more than once.
    static func check(_ head: HTTPRequestHead) throws(GatewayError) {
        for name in names where head.count(of: name) > 1 {
            throw GatewayError(.invalidRequest, "The header \(name) is given more than once; send it once.", param: "\(name)")
        }
    }
}
