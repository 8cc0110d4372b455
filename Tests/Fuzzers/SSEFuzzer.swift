// libFuzzer target for provider streams and answers. Built and run by Tests/Fuzzers/run.
import Chat
import Core
import Providers

nonisolated(unsafe) private let reader = JSONReader()

/// Feeds any bytes as a stream, at once and in pieces; both must give the same. The first byte chooses the pieces.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzzStream(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    let step = Int(start[0] & 31) + 1
    for wantsUsage in [false, true] {
        let whole = outcome(bytes, step: max(1, bytes.count), wantsUsage)
        let pieces = outcome(bytes, step: step, wantsUsage)
        guard whole.text == pieces.text, whole.end == pieces.end, whole.usage == pieces.usage, whole.events == pieces.events else {
            fatalError("the split matters")
        }
    }
    let body = [UInt8](bytes)
    if let answer = try? OpenAIAnswer.read(body: body, reader: reader) {
        let rendered = answer.rendering(body, cost: NanoUSD(nanos: 1), estimate: TokenUsage(input: 1, output: 1))
        guard (try? reader.read(rendered) { $0["usage"]?["cost"]?.double }) == 1e-9 else {
            fatalError("the rendered answer lacks its cost")
        }
    }
    _ = OpenAIFailure.read(status: 400, body: body, retryAfter: nil, reader: reader)
    return 0
}

private func outcome(
    _ bytes: UnsafeRawBufferPointer, step: Int, _ wantsUsage: Bool
) -> (text: [UInt8], end: String, usage: TokenUsage?, events: Int) {
    var stream = OpenAIStream(clientWantsUsage: wantsUsage, pricing: .free, choices: 2)
    var out: [UInt8] = []
    for offset in stride(from: 0, to: bytes.count, by: step) {
        let piece = UnsafeRawBufferPointer(rebasing: bytes[offset..<min(offset + step, bytes.count)])
        _ = stream.feed(piece, reader: reader, into: &out)
    }
    let end =
        switch stream.end(reader: reader, into: &out) {
        case .complete: "complete"
        case .truncated: "truncated"
        case .failed(let error): error.detail ?? error.publicMessage
        }
    return (out, end, stream.usage, stream.contentEvents)
}
