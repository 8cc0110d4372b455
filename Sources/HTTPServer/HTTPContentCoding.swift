/// How the content of a request is coded, by its `Content-Encoding`.
public enum HTTPContentCoding: Hashable, Sendable {
    /// It comes as it is.
    case identity
    case gzip
    /// The format of zlib, or bare deflate data, as some clients send.
    case deflate
    /// Another coding, or several on top of each other.
    case unknown

    /// The codings that are unpacked, as the field `accept-encoding` lists them.
    public static let accepted = "gzip, deflate"
}
