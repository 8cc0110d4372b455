/// The address of a webhook: `https` anywhere, `http` on this machine only.
enum WebhookURL {
    private static let longest = 2048

    /// Why an address cannot be used; `nil` when it can. Never quotes it: it is a secret.
    static func unavailability(to text: String) -> String? {
        guard text.utf8.count <= longest else { return "is longer than \(longest) bytes" }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.utf8.contains(UInt8(ascii: "#")) else {
            return "must be printable ASCII without spaces and without a fragment (#…)"
        }
        // Unlike a provider's address it may have a query: some services expect their token there.
        let address = text.utf8.prefix { $0 != UInt8(ascii: "?") }
        guard !address.contains(UInt8(ascii: "@")) else { return "must not have credentials (…@)" }
        do throws(EndpointURL.Unavailability) {
            let url = try EndpointURL(String(decoding: address, as: UTF8.self))
            if url.isSecure || isLoopback(url.host) { return nil }
            return "must begin with https://; http:// is for this machine only (127.0.0.1, [::1], localhost)"
        } catch {
            return error.message
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return parts.count == 4 && parts.first == 127 && !parts.contains(nil)
    }
}
