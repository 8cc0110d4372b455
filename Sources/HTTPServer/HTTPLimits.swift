/// How much of one request the server is willing to hold before it refuses.
///
/// All sizes are in bytes. The defaults suit chat requests with images and tools; nothing is unlimited.
public struct HTTPLimits: Hashable, Sendable {
    /// Longest request line without its CRLF; a longer one is answered 414.
    public let requestLine: Int
    /// Longest head, from the request line to the empty line that ends it; a longer one is answered 431.
    public let head: Int
    /// Most field lines of one head; more are answered 431.
    public let fieldCount: Int
    /// Longest body after removing the chunked framing; a longer one is answered 413, by its declared length where there is one.
    public let body: Int
    /// Most bytes of all trailer lines of a chunked body together; more are answered 413.
    public let trailers: Int
    /// Most bytes of all chunk extensions of a body together; more are answered 413.
    ///
    /// The sum counts, not the single extension: one-byte chunks with an extension each would be a cheap way to make a server read a lot.
    public let chunkExtensions: Int

    /// Makes limits; out-of-range values are moved to the nearest sane one, so that no sum of two limits can overflow
    /// and an offset into a head fits 32 bits.
    public init(
        requestLine: Int = 16 << 10, head: Int = 64 << 10, fieldCount: Int = 256, body: Int = 32 << 20, trailers: Int = 8 << 10,
        chunkExtensions: Int = 4 << 10
    ) {
        func sane(_ value: Int, _ ceiling: Int) -> Int { min(max(value, 0), ceiling) }
        self.requestLine = sane(requestLine, 1 << 20)
        self.head = sane(head, 16 << 20)
        self.fieldCount = sane(fieldCount, 1 << 16)
        self.body = sane(body, 1 << 40)
        self.trailers = sane(trailers, 1 << 20)
        self.chunkExtensions = sane(chunkExtensions, 1 << 20)
    }
}
