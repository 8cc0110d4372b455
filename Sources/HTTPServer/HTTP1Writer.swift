/// Heads, chunks and interim answers as HTTP/1.1 spells them (RFC 9112), each written to the end of `output`.
enum HTTP1Writer {
    /// Writes a head.
    /// - Parameter date: the value of the `date` field (`HTTPDate`), which the caller keeps for a second; nil writes none.
    static func append(_ head: HTTPResponseHead, date: [UInt8]? = nil, to output: inout [UInt8]) {
        if head.status == 200 {
            // By far the most frequent.
            output.append("HTTP/1.1 200 OK")
        } else {
            output.append("HTTP/1.1 ")
            output.append(decimal: head.status)
            output.append(" ")
            output.append(HTTPResponseHead.reason(head.status))
        }
        if let date {
            output.append("\r\ndate: ")
            output.append(contentsOf: date)
        }
        if let contentType = head.contentType {
            output.append("\r\ncontent-type: ")
            output.append(contentType)
        }
        appendFraming(of: head, to: &output)
        if head.closes || head.framing == .untilClose { output.append("\r\nconnection: close") }
        output.append("\r\n")
        head.fields.appendLines(to: &output)
        output.append("\r\n")
    }

    private static func appendFraming(of head: HTTPResponseHead, to output: inout [UInt8]) {
        guard head.status != 204, head.status != 304, head.status >= 200 else { return }
        switch head.framing {
        case .length(let length):
            output.append("\r\ncontent-length: ")
            output.append(decimal: max(0, length))
        case .chunked: output.append("\r\ntransfer-encoding: chunked")
        case .untilClose: break
        }
    }

    /// Writes the interim answer that a client with `expectsContinue` waits for.
    static func appendContinue(to output: inout [UInt8]) { output.append("HTTP/1.1 100 Continue\r\n\r\n") }

    /// Writes one chunk; none for no data, since an empty chunk would end the body.
    static func appendChunk(_ data: ArraySlice<UInt8>, to output: inout [UInt8]) {
        guard !data.isEmpty else { return }
        output.append(hexadecimal: data.count)
        output.append("\r\n")
        output.append(contentsOf: data)
        output.append("\r\n")
    }

    /// Writes the end of a chunked body.
    static func appendLastChunk(to output: inout [UInt8]) { output.append("0\r\n\r\n") }
}
