internal import Core

/// Writing JSON without a document model.
package enum JSONText {
    /// Appends `{"name":"value",…}`.
    package static func appendObject(_ tags: [UsageRecord.Tag], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for (index, tag) in tags.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.appendJSONString(tag.name)
            bytes.append(UInt8(ascii: ":"))
            bytes.appendJSONString(tag.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// `text` as a JSON string.
    static func string(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.appendJSONString(text)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads an object of strings as `appendObject` writes it; `nil` for anything else.
    package static func object(_ text: String) -> [UsageRecord.Tag]? {
        var rest = Array(text.utf8)[...]
        guard rest.popFirst() == UInt8(ascii: "{") else { return nil }
        var tags: [UsageRecord.Tag] = []
        while rest.first != UInt8(ascii: "}") {
            if !tags.isEmpty, rest.popFirst() != UInt8(ascii: ",") { return nil }
            guard let name = takeString(&rest), rest.popFirst() == UInt8(ascii: ":"), let value = takeString(&rest) else { return nil }
            tags.append(UsageRecord.Tag(name, value))
        }
        return rest.count == 1 ? tags : nil
    }

    private static func takeString(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard let escaped = takeEscape(&rest) else { return nil }
            bytes.append(escaped)
        }
        return nil
    }

    private static func takeEscape(_ rest: inout ArraySlice<UInt8>) -> UInt8? {
        switch rest.popFirst() {
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        case UInt8(ascii: "u"):
            let digits = rest.prefix(4)
            rest = rest.dropFirst(4)
            return digits.count == 4 ? UInt8(String(decoding: digits, as: UTF8.self), radix: 16) : nil
        case let byte?: return byte
        case nil: return nil
        }
    }
}
