internal import COpenSSL
public import Core

extension KeyDigest {
    /// The SHA-256 of `bytes`; no allocation.
    public static func sha256(of bytes: UnsafeRawBufferPointer) -> KeyDigest {
        var context = SHA256_CTX()
        SHA256_Init(&context)
        SHA256_Update(&context, bytes.baseAddress, bytes.count)
        var digest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &digest) { digest in
            _ = SHA256_Final(digest.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
        }
        return KeyDigest(
            words: (UInt64(bigEndian: digest.0), UInt64(bigEndian: digest.1), UInt64(bigEndian: digest.2), UInt64(bigEndian: digest.3)))
    }

    /// The SHA-256 of the UTF-8 bytes of `text`.
    public static func sha256(of text: String) -> KeyDigest {
        var text = text
        return text.withUTF8 { sha256(of: UnsafeRawBufferPointer($0)) }
    }
}
