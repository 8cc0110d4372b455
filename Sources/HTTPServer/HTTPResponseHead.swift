/// The head of a response, as names and values: collected by the code that answers, written by the session in the form of its protocol.
///
/// The fields that frame the message (`content-length`, `transfer-encoding`, `connection`, `date`, `content-type`) have their own
/// properties and are written once; all others are appended. Nothing that is appended can end the head or begin another field.
public struct HTTPResponseHead: Sendable {
    /// How the client learns where the body ends.
    public enum Framing: Hashable, Sendable {
        /// A body of so many bytes (0 too). For an answer to HEAD: the length that GET would have had.
        case length(Int)
        /// Chunks; HTTP/1.1 clients only.
        case chunked
        /// All bytes until the connection closes: a stream to an HTTP/1.0 client.
        case untilClose
    }

    /// The status code, 200...599.
    public var status: Int
    /// Without one, no `content-type` is written.
    public var contentType: StaticString?
    /// How the body is delimited; not written where the status allows no body (204, 304).
    public var framing: Framing
    /// Whether this is the connection's last response; `untilClose` implies it.
    public var closes: Bool
    /// The appended fields.
    private(set) var fields = HTTPFieldBuffer()

    /// Makes a head without further fields.
    public init(status: Int, contentType: StaticString? = nil, framing: Framing = .length(0), closes: Bool = false) {
        self.status = status
        self.contentType = contentType
        self.framing = framing
        self.closes = closes
    }

    /// Appends a field, unless its value holds a byte that could end the field (CR, LF, NUL or any other control character but a tab), or is
    /// longer than 65,535 bytes.
    ///
    /// - Parameter name: A token in lower case, not one of those that have their own property.
    /// - Returns: Whether it was appended.
    @discardableResult
    public mutating func appendField(_ name: StaticString, value: ArraySlice<UInt8>) -> Bool {
        append(name, value.span)
    }

    /// The same for text.
    @discardableResult
    public mutating func appendField(_ name: StaticString, value: String) -> Bool {
        append(name, value.utf8.span)
    }

    /// The same for a number, which is always safe.
    public mutating func appendField(_ name: StaticString, value: Int) {
        assert(!Self.hasProperty(name), "set the property instead")
        fields.append(name, decimal: value)
    }

    /// Takes over the content type and all appended fields of another head.
    public mutating func appendFields(of other: HTTPResponseHead) {
        contentType = other.contentType
        fields.append(other.fields)
    }

    private mutating func append(_ name: StaticString, _ value: Span<UInt8>) -> Bool {
        assert(!Self.hasProperty(name), "set the property instead")
        guard value.count <= HTTPFieldBuffer.longestValue, value.isFieldContent(from: 0, to: value.count) else { return false }
        fields.append(name, value)
        return true
    }

    private static func hasProperty(_ name: StaticString) -> Bool {
        ["content-length", "transfer-encoding", "connection", "date", "content-type"].contains(name.description)
    }
}
