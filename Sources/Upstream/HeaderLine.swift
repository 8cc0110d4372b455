/// One header line as libcurl hands it over: status line, field or the blank line at the end.
struct HeaderLine {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isEnd: Bool { bytes.allSatisfy { $0 == 13 || $0 == 10 } }

    /// Takes what we need of this line into `head`; a status line begins a new head (after a 100, or a proxy's answer to CONNECT).
    func update(_ head: inout UpstreamHead) {
        guard let first = bytes.first else { return }
        switch first | 0x20 {
        case UInt8(ascii: "h") where has("http/"): head = UpstreamHead(status: status)
        case UInt8(ascii: "c") where has("content-type:"): head.contentType = mediaType
        case UInt8(ascii: "c") where has("content-encoding:"): head.isEncoded = value.lowercased() != "identity"
        case UInt8(ascii: "r") where has("retry-after:"): head.retryAfter = String(value.prefix(64))
        default: break
        }
    }

    private func has(_ prefix: StaticString) -> Bool {
        guard bytes.count >= prefix.utf8CodeUnitCount else { return false }
        return prefix.withUTF8Buffer { prefix in zip(prefix, bytes).allSatisfy { $0 == ($1 >= 65 && $1 <= 90 ? $1 | 0x20 : $1) } }
    }

    private var status: Int {
        let digits = bytes.drop { $0 != 32 }.dropFirst().prefix { $0 >= 48 && $0 <= 57 }.prefix(4)
        return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    private var valueBytes: Slice<UnsafeRawBufferPointer> {
        let raw = bytes.drop { $0 != UInt8(ascii: ":") }.dropFirst().drop { $0 == 32 || $0 == 9 }
        return raw.prefix { $0 != 13 && $0 != 10 }
    }

    private var value: String { String(decoding: valueBytes, as: UTF8.self) }

    private var mediaType: String {
        let type = valueBytes.prefix { $0 != UInt8(ascii: ";") && $0 != 32 }
        // The two types that nearly every answer has cost no allocation: string literals are shared.
        if type.elementsEqual("application/json".utf8) { return "application/json" }
        if type.elementsEqual("text/event-stream".utf8) { return "text/event-stream" }
        return String(decoding: type, as: UTF8.self).lowercased()
    }
}
