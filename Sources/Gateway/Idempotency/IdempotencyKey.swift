internal import Chat
internal import Core
internal import HTTPServer
internal import Ledger

/// The key of an idempotent request: client key and value of the `Idempotency-Key` header.
struct IdempotencyKey: Hashable {
    /// The verified client key of the request: two clients may use the same value.
    let owner: KeyDigest
    /// The value: 1 to ``longest`` visible ASCII characters.
    let value: String

    /// Characters that a value may have.
    static let longest = 255

    init(owner: KeyDigest, value: String) {
        self.owner = owner
        self.value = value
    }
}

extension AuthenticatedRequest {
    /// The request's `Idempotency-Key`; `nil` without one.
    /// - Throws: `invalid_request_error` for a value that is empty, too long, or not of visible ASCII characters, and for two of them.
    func idempotencyKey() throws(GatewayError) -> IdempotencyKey? {
        let head = incoming.reply.head
        guard let value = head.first("idempotency-key") else { return nil }
        let isPlain = value.allSatisfy { 0x21...0x7E ~= $0 }
        guard isPlain, 1...IdempotencyKey.longest ~= value.count, head.count(of: "idempotency-key") == 1 else {
            throw GatewayError(
                .invalidRequest, "Idempotency-Key must be one value of 1 to \(IdempotencyKey.longest) visible ASCII characters.",
                param: "Idempotency-Key")
        }
        return IdempotencyKey(owner: keyDigest, value: String(decoding: value, as: UTF8.self))
    }
}

/// What a retry must have in common with the request that it repeats: body and path as received, and the headers that change the answer.
struct RequestFingerprint: Hashable {
    private let digest: KeyDigest

    /// - Parameter body: the body as it was received.
    init(_ head: HTTPRequestHead, body: [UInt8]) {
        var parts = body.withUnsafeBytes { KeyDigest.sha256(of: $0) }.bytes
        Self.append(head.path, to: &parts)
        for name in Self.headers {
            guard let value = head.first(name) else {
                parts.append(0)
                continue
            }
            parts.append(1)
            Self.append(value, to: &parts)
        }
        digest = parts.withUnsafeBytes { KeyDigest.sha256(of: $0) }
    }

    /// The headers that change the answer.
    private static let headers: [StaticString] = ["x-purser-explain", "x-purser-max-cost", "x-purser-metadata"]

    /// Hashes the length of each part first, so that different lists of parts differ.
    private static func append(_ part: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: UInt64(part.count) >> UInt64(shift))) }
        bytes.append(contentsOf: part)
    }
}
