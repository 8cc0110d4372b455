internal import Chat
internal import Core
internal import Policies

/// Redacts a provider's secrets in what the provider said: some quote the key that they refuse.
struct SecretScrubber: Sendable {
    private let search: TextSearch

    /// Shorter values are no secrets, and would redact half of every text.
    private static let shortest = 8

    init(_ provider: Provider) {
        let aws = provider.awsCredentials
        let own = [provider.apiKey, provider.proxy, aws?.secretAccessKey, aws?.sessionToken, aws?.accessKeyID].map { $0?.reveal() }
        let texts = own + provider.headers.map { $0.value.reveal() }
        // The token of `Bearer TOKEN` is a secret by itself.
        let words = texts.compactMap { $0?.split(separator: " ").last.map(String.init) }
        let plain = texts.compactMap { $0 } + words
        // Some servers write `\/` for a slash in JSON, and AWS's secrets are full of slashes.
        let escaped = plain.map { $0.replacing("/", with: "\\/") }
        self.init(plain + escaped + plain.flatMap(SecretSpelling.encoded))
    }

    init(_ secrets: [String]) {
        search = TextSearch(for: Set(secrets).map { Array($0.utf8) }.filter { $0.count >= Self.shortest })
    }

    /// The same error without secrets.
    func scrubbed(_ error: GatewayError) -> GatewayError {
        guard !search.isEmpty else { return error }
        var error = error
        if let passThrough = error.passThrough { error.passThrough = (passThrough.status, scrubbedJSON(passThrough.body)) }
        error.detail = error.detail.map { String(decoding: scrubbed(Array($0.utf8)), as: UTF8.self) }
        let message = Array(error.publicMessage.utf8)
        if !search.occurrences(in: message).isEmpty { error.publicMessage = String(decoding: scrubbed(message), as: UTF8.self) }
        return error
    }

    /// The same JSON text with `***` for every secret, also for those with escaped characters.
    private func scrubbedJSON(_ text: [UInt8]) -> [UInt8] {
        let plain = SecretSpelling.withoutNeedlessEscapes(text)
        return plain == text || search.occurrences(in: plain).isEmpty ? scrubbed(text) : scrubbed(plain)
    }

    /// The same bytes with `***` for every secret; for secrets that overlap, one for all of them. Takes time in proportion to the text, whatever
    /// the number of secrets and of their occurrences.
    func scrubbed(_ text: [UInt8]) -> [UInt8] {
        let found = search.occurrences(in: text)
        guard !found.isEmpty else { return text }
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var kept = 0
        for range in found {
            output.append(contentsOf: text[kept..<range.lowerBound])
            output.append(contentsOf: "***".utf8)
            kept = range.upperBound
        }
        output.append(contentsOf: text[kept...])
        return output
    }
}
