internal import Glibc

/// One header line as libcurl hands it over: status line, field or the blank line at the end.
struct HeaderLine {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isEnd: Bool { bytes.allSatisfy { $0 == 13 || $0 == 10 } }

    /// Takes this line into `head`; a status line begins a new head (after a 100, or a proxy's answer to CONNECT).
    func update(_ head: inout UpstreamHead) {
        guard let first = bytes.first else { return }
        switch first | 0x20 {
        case UInt8(ascii: "h") where has("http/"): return head.begin(status: status)
        case UInt8(ascii: "c") where has("content-type:"): head.contentType = mediaType
        default: break
        }
        head.append(bytes)
    }

    private func has(_ prefix: StaticString) -> Bool {
        guard bytes.count >= prefix.utf8CodeUnitCount else { return false }
        guard let start = bytes.baseAddress else { return false }
        return strncasecmp(start, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0
    }

    /// Whether this is the field called `name`.
    func isNamed(_ name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        return bytes.count > count && bytes[count] == UInt8(ascii: ":") && has(name)
    }

    /// The field's value, without the blanks around it.
    var value: String {
        var value = valueBytes
        while let last = value.last, last == 32 || last == 9 { value.removeLast() }
        return String(decoding: value, as: UTF8.self)
    }

    private var status: Int {
        let digits = bytes.drop { $0 != 32 }.dropFirst().prefix { $0 >= 48 && $0 <= 57 }.prefix(4)
        return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    private var valueBytes: Slice<UnsafeRawBufferPointer> {
        let raw = bytes.drop { $0 != UInt8(ascii: ":") }.dropFirst().drop { $0 == 32 || $0 == 9 }
        return raw.prefix { $0 != 13 && $0 != 10 }
    }

    private static func equals(_ bytes: Slice<UnsafeRawBufferPointer>, _ text: StaticString) -> Bool {
        guard let start = UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count == text.utf8CodeUnitCount else { return false }
        return memcmp(start, text.utf8Start, bytes.count) == 0
    }

    private var mediaType: String {
        let type = valueBytes.prefix { $0 != UInt8(ascii: ";") && $0 != 32 }
        // The two types that nearly every answer has cost no allocation: string literals are shared.
        if Self.equals(type, "application/json") { return "application/json" }
        if Self.equals(type, "text/event-stream") { return "text/event-stream" }
        return String(decoding: type, as: UTF8.self).lowercased()
    }
}
