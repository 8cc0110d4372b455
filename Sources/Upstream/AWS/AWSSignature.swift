internal import COpenSSL
internal import Glibc

/// AWS Signature Version 4 (AWS General Reference, "Signing AWS API requests").
///
/// Not libcurl's own: 7.88 signs the path as it is sent, where every service but S3 wants it percent-encoded once more, so that ids with a colon are
/// refused (docs/decisions/0006-our-own-aws-signature.md).
struct AWSSignature {
    let credentials: AWSCredentials
    /// The value of the header `Host`.
    let host: String
    /// The value of the header `Content-Type`, if there is one.
    let contentType: String?

    /// The header lines that sign a request.
    /// - Parameters:
    ///   - target: path and query as they are sent.
    ///   - time: seconds since 1970.
    func headers(_ method: UpstreamMethod, target: String, body: UnsafeRawBufferPointer, time: Int) -> [String] {
        let moment = Self.timestamp(time)
        let day = String(moment.prefix(8))
        let scope = "\(day)/\(credentials.region)/\(credentials.service)/aws4_request"
        // In the order of the alphabet, as the rule wants it.
        var signed = [("host", host), ("x-amz-date", moment)]
        if let contentType { signed.insert(("content-type", contentType), at: 0) }
        if let token = credentials.sessionToken { signed.append(("x-amz-security-token", token)) }
        let names = signed.map(\.0).joined(separator: ";")

        let (path, query) = Self.split(target)
        let request =
            "\(method.rawValue)\n\(Self.encoded(path))\n\(query)\n" + signed.map { "\($0.0):\($0.1)\n" }.joined() + "\n\(names)\n"
            + Self.hex(Self.digest(body))
        let toSign = "AWS4-HMAC-SHA256\n\(moment)\n\(scope)\n" + Self.hex(Self.digest(of: request))
        let signature = Self.hex(Self.code(toSign, key: signingKey(day)))

        var lines = [
            "X-Amz-Date: \(moment)",
            "Authorization: AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)",
        ]
        if let token = credentials.sessionToken { lines.append("X-Amz-Security-Token: \(token)") }
        return lines
    }

    private func signingKey(_ day: String) -> [UInt8] {
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for part in [day, credentials.region, credentials.service, "aws4_request"] { key = Self.code(part, key: key) }
        return key
    }

    // MARK: Texts

    /// `20261126T130500Z`.
    private static func timestamp(_ time: Int) -> String {
        var seconds = time
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1900)\(padded(parts.tm_mon + 1))\(padded(parts.tm_mday))T"
            + "\(padded(parts.tm_hour))\(padded(parts.tm_min))\(padded(parts.tm_sec))Z"
    }

    /// The path, and the query with its parameters in order.
    private static func split(_ target: String) -> (path: Substring, query: String) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count > 1 ? parts[1].split(separator: "&").map { $0.contains("=") ? String($0) : $0 + "=" } : []
        return (parts.first ?? "/", query.sorted().joined(separator: "&"))
    }

    /// The path percent-encoded once more.
    private static func encoded(_ path: Substring) -> String {
        var bytes: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes += hex([byte]).uppercased().utf8
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    // MARK: libcrypto

    private static func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { target, count in
            SHA256(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, target.baseAddress)
            count = Int(SHA256_DIGEST_LENGTH)
        }
    }

    private static func digest(of text: String) -> [UInt8] { Array(text.utf8).withUnsafeBytes { digest($0) } }

    private static func code(_ text: String, key: [UInt8]) -> [UInt8] {
        let message = Array(text.utf8)
        return [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { target, count in
            var length: UInt32 = 0
            HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, target.baseAddress, &length)
            count = Int(length)
        }
    }
}

extension AWSSignature {
    /// The signature for calls to `endpoint`; `nil` when it has no credentials.
    init?(_ endpoint: UpstreamEndpoint) {
        guard let credentials = endpoint.credentials else { return nil }
        self.credentials = credentials
        host = endpoint.authority
        contentType = endpoint.headers.first { $0.lowercased().hasPrefix("content-type:") }.map { line in
            String(line.dropFirst(13).drop { $0 == " " })
        }
    }
}
