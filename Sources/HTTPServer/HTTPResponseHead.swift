/// The head of a response: collected by whoever answers, written by the connection.
///
/// The fields that frame the message (`content-length`, `transfer-encoding`, `connection`, `date`, `content-type`) have their own
/// properties and are written once; all others are appended. Nothing that is appended can end the head or begin another field.
public struct HTTPResponseHead: Sendable {
    /// How the client learns where the body ends.
    public enum Framing: Hashable, Sendable {
        /// A body of so many bytes (0 too). For an answer to HEAD: the length that GET would have had.
        case length(Int)
        /// Chunks, written with `appendChunk` and `appendLastChunk`; HTTP/1.1 clients only.
        case chunked
        /// All bytes until the connection closes: a stream to an HTTP/1.0 client.
        case untilClose
    }

    /// The status code, 200...599; interim answers are written by `appendContinue`.
    public var status: Int
    /// Without one, no `content-type` is written.
    public var contentType: StaticString?
    /// How the body is delimited; not written where the status allows no body (204, 304).
    public var framing: Framing
    /// Whether this is the connection's last response; `untilClose` implies it.
    public var closes: Bool
    /// The appended fields, ready to be sent.
    private var fields: [UInt8] = []

    /// Makes a head without further fields.
    public init(status: Int, contentType: StaticString? = nil, framing: Framing = .length(0), closes: Bool = false) {
        self.status = status
        self.contentType = contentType
        self.framing = framing
        self.closes = closes
    }

    /// Writes the head to the end of `output`.
    ///
    /// - Parameter date: The value of the `date` field (`HTTPDate`), which the caller keeps for a second; nil writes none.
    public func append(to output: inout [UInt8], date: [UInt8]? = nil) {
        output.append("HTTP/1.1 ")
        output.append(decimal: status)
        output.append(" ")
        output.append(Self.reason(status))
        if let date {
            output.append("\r\ndate: ")
            output.append(contentsOf: date)
        }
        if let contentType {
            output.append("\r\ncontent-type: ")
            output.append(contentType)
        }
        appendFraming(to: &output)
        if closes || framing == .untilClose { output.append("\r\nconnection: close") }
        output.append("\r\n")
        output.append(contentsOf: fields)
        output.append("\r\n")
    }

    private func appendFraming(to output: inout [UInt8]) {
        guard status != 204, status != 304, status >= 200 else { return }
        switch framing {
        case .length(let length):
            output.append("\r\ncontent-length: ")
            output.append(decimal: max(0, length))
        case .chunked: output.append("\r\ntransfer-encoding: chunked")
        case .untilClose: break
        }
    }
}

// MARK: - Fields

extension HTTPResponseHead {
    /// Appends a field, unless its value holds a byte that could end the field (CR, LF, NUL or any other control character but a tab).
    ///
    /// - Parameter name: A token in lower case, not one of those that the head writes itself.
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
        beginField(name)
        fields.append(decimal: value)
        fields.append("\r\n")
    }

    /// Takes over the content type and all appended fields of another head.
    public mutating func appendFields(of other: HTTPResponseHead) {
        contentType = other.contentType
        fields.append(contentsOf: other.fields)
    }

    private mutating func append(_ name: StaticString, _ value: Span<UInt8>) -> Bool {
        guard value.isFieldContent(from: 0, to: value.count) else { return false }
        beginField(name)
        fields.append(value, 0..<value.count)
        fields.append("\r\n")
        return true
    }

    private mutating func beginField(_ name: StaticString) {
        assert(!Self.writesItself(name), "set the property instead")
        if fields.isEmpty { fields.reserveCapacity(256) }
        fields.append(name)
        fields.append(": ")
    }

    private static func writesItself(_ name: StaticString) -> Bool {
        ["content-length", "transfer-encoding", "connection", "date", "content-type"].contains(name.description)
    }
}

// MARK: - Bodies

extension HTTPResponseHead {
    /// Writes the interim answer that a client with `expectsContinue` waits for.
    public static func appendContinue(to output: inout [UInt8]) {
        output.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Writes one chunk; none for no data, since an empty chunk would end the body.
    public static func appendChunk(_ data: ArraySlice<UInt8>, to output: inout [UInt8]) {
        guard !data.isEmpty else { return }
        output.append(hexadecimal: data.count)
        output.append("\r\n")
        output.append(contentsOf: data)
        output.append("\r\n")
    }

    /// Writes the end of a chunked body.
    public static func appendLastChunk(to output: inout [UInt8]) {
        output.append("0\r\n\r\n")
    }
}
