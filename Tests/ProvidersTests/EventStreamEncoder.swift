import Foundation

/// Frames events as Bedrock does (`application/vnd.amazon.eventstream`), from lines such as
/// `{"event": "contentBlockDelta", "payload": {…}}` and `{"exception": "throttlingException", "payload": {…}}`.
enum EventStreamEncoder {
    static func encode(_ lines: String) -> [UInt8] {
        lines.split(separator: "\n").flatMap { line -> [UInt8] in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { return [] }
            let payload = object["payload"] ?? [:] as [String: Any]
            let body =
                (payload as? String).map { Array($0.utf8) }
                ?? [UInt8]((try? JSONSerialization.data(withJSONObject: payload, options: .sortedKeys)) ?? Data())
            return frame(headers(object), body)
        }
    }

    private static func headers(_ object: [String: Any]) -> [(String, String)] {
        if let name = object["event"] as? String {
            return [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")]
        }
        if let name = object["exception"] as? String {
            return [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")]
        }
        return [
            (":error-code", object["error"] as? String ?? ""), (":error-message", object["message"] as? String ?? ""),
            (":message-type", "error"),
        ]
    }

    static func frame(_ headers: [(String, String)], _ payload: [UInt8]) -> [UInt8] {
        var head: [UInt8] = []
        for (name, value) in headers {
            head.append(UInt8(name.utf8.count))
            head += name.utf8
            head.append(7)
            head += bigEndian(UInt16(value.utf8.count))
            head += value.utf8
        }
        var bytes = bigEndian(UInt32(16 + head.count + payload.count))
        bytes += bigEndian(UInt32(head.count))
        bytes += bigEndian(crc32(bytes))
        bytes += head
        bytes += payload
        return bytes + bigEndian(crc32(bytes))
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    /// CRC-32 of IEEE 802.3, bit by bit.
    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
