// libFuzzer's entry for the HTTP/1.1 parser and the chunked decoder: Tests/Fuzzers/run HTTP [SECONDS].

/// Any trap is a finding, and so is every broken promise below.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : count))
    for limits in [HTTPLimits(), HTTPLimits(requestLine: 40, head: 160, fieldCount: 5, body: 24, trailers: 20, chunkExtensions: 12)] {
        checkStream(bytes, limits)
    }
    checkChunks(bytes)
    checkResponseField(bytes)
    return 0
}

/// The cuts must not matter, and no limit may be exceeded.
private func checkStream(_ bytes: [UInt8], _ limits: HTTPLimits) {
    let whole = RequestStream.run(bytes, limits: limits)
    for request in whole.requests {
        guard (request.body?.count ?? 0) <= limits.body, request.fields.count <= limits.fieldCount, request.path.hasPrefix("/") else {
            fatalError("limit exceeded: \(request)")
        }
    }
    // Cuts that depend on the input alone keep a finding reproducible.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let someCuts = (0..<4).map { Int((hash >> (16 * $0)) & 0xFFFF) % (bytes.count + 1) }.sorted()
    for cuts in [someCuts, Array(1..<max(1, min(bytes.count, 600)))] where RequestStream.run(bytes, cuts: cuts, limits: limits) != whole {
        fatalError("cuts \(cuts) change the outcome")
    }
}

/// The input as a chunked body: what comes out is never more than what went in, and consumed bytes are counted right.
private func checkChunks(_ bytes: [UInt8]) {
    var decoder = HTTPBodyDecoder(framing: .chunked)
    var body: [UInt8] = []
    switch decoder.decode(bytes.span, into: &body) {
    case .incomplete(let consumed): guard consumed == bytes.count, body.count <= consumed else { fatalError("bytes lost") }
    case .complete(let consumed): guard consumed <= bytes.count, body.count + 5 <= consumed else { fatalError("bytes invented") }
    case .invalid: break
    }
}

/// The input as the value of a response field: never another line than its own.
private func checkResponseField(_ bytes: [UInt8]) {
    var head = HTTPResponseHead(status: 200)
    head.appendField("x-a", value: bytes[...])
    head.appendField("x-b", value: String(decoding: bytes, as: UTF8.self))
    var output: [UInt8] = []
    HTTP1Writer.append(head, to: &output)
    let lines = output.count { $0 == UInt8(ascii: "\n") }
    let returns = output.count { $0 == UInt8(ascii: "\r") }
    guard lines == returns, lines <= 5, !output.contains(0) else { fatalError("field injected") }
}
