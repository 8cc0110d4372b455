internal import Chat
internal import Policies

/// Blots out a provider's secrets in what the provider said: some quote the key that they refuse.
struct SecretScrubber: Sendable {
    private let secrets: [[UInt8]]

    /// Shorter values are no secrets, and would blot out half of every text.
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
        // The longest first: one secret may be the beginning of another.
        secrets = Set(plain + escaped).map { Array($0.utf8) }.filter { $0.count >= Self.shortest }.sorted {
            $0.count > $1.count
        }
    }

    /// The same error, fit to be seen.
    func scrubbed(_ error: GatewayError) -> GatewayError {
        guard !secrets.isEmpty else { return error }
        var error = error
        if let passThrough = error.passThrough { error.passThrough = (passThrough.status, scrubbed(passThrough.body)) }
        error.detail = error.detail.map { String(decoding: scrubbed(Array($0.utf8)), as: UTF8.self) }
        return error
    }

    /// The same bytes with `***` for every secret.
    func scrubbed(_ text: [UInt8]) -> [UInt8] {
        secrets.reduce(text) { text, secret in
            guard let first = text.firstRange(of: secret) else { return text }
            return text[..<first.lowerBound] + Array("***".utf8) + scrubbed(Array(text[first.upperBound...]))
        }
    }
}

extension Array where Element == UInt8 {
    /// Where `other` occurs first.
    fileprivate func firstRange(of other: [UInt8]) -> Range<Int>? {
        guard let head = other.first, other.count <= count else { return nil }
        for start in 0...(count - other.count) where self[start] == head {
            if self[start..<(start + other.count)].elementsEqual(other) { return start..<(start + other.count) }
        }
        return nil
    }
}
