// libFuzzer target for JSON reading and chat requests. Built and run by Tests/Fuzzers/run.
import Chat

nonisolated(unsafe) private let reader = JSONReader()

/// Reads any bytes as a request, and whatever is accepted must come out as valid JSON that means the same.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzzJSON(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = [UInt8](UnsafeBufferPointer(start: start, count: count))
    _ = try? reader.read(text) { walk($0, depth: 0) }
    guard let request = try? ChatRequest(decoding: text, reader: reader) else { return 0 }
    let body = request.upstreamBody(model: Array("\"up\"".utf8))
    guard let model = try? reader.read(body, { $0["model"]?.string }) else { fatalError("the upstream's body is not JSON") }
    guard model == "up" else { fatalError("the upstream's body has another model") }
    guard let again = try? ChatRequest(decoding: body, reader: reader) else { fatalError("the upstream's body is no request") }
    guard again.upstreamBody(model: Array("\"up\"".utf8)) == body else { fatalError("splicing is not idempotent") }
    return 0
}

/// Touches every value, its raw place included.
private func walk(_ value: JSONValue, depth: Int) {
    precondition(depth <= 128, "deeper than promised")
    _ = value.string
    _ = value.double
    for element in value.elements { walk(element, depth: depth + 1) }
    for (name, value) in value.members {
        precondition(name.kind == .string, "a name is a string")
        walk(value, depth: depth + 1)
    }
    guard let members = value.rawMembers else { return }
    precondition(members.map { $0.name.string } == value.members.map { $0.name.string }, "raw members and members differ")
}
