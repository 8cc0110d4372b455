/// A request method, as far as the server tells them apart.
///
/// CONNECT is refused by the parser: it would turn the connection into something else.
public enum HTTPMethod: UInt8, Sendable {
    case get, head, post, put, delete, patch, options
    /// No resource supports it; it is parsed so that the router can answer 405 with the resource's own `Allow`.
    case trace
    /// Any other token, or a known one in other letters (methods are case-sensitive); its text is `HTTPRequestHead.methodName`.
    case other

    /// The method whose name stands at `range`.
    init(_ input: Span<UInt8>, _ range: ByteRange) {
        self =
            switch range.count {
            case 3 where input.equals("GET", in: range): .get
            case 3 where input.equals("PUT", in: range): .put
            case 4 where input.equals("POST", in: range): .post
            case 4 where input.equals("HEAD", in: range): .head
            case 5 where input.equals("PATCH", in: range): .patch
            case 5 where input.equals("TRACE", in: range): .trace
            case 6 where input.equals("DELETE", in: range): .delete
            case 7 where input.equals("OPTIONS", in: range): .options
            default: .other
            }
    }
}
