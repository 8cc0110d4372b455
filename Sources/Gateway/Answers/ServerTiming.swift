internal import HTTPServer

/// The `server-timing` field: the times spent in the gateway and at the provider.
enum ServerTiming {
    /// Appends `gateway;dur=0.214, upstream;dur=3.021` (milliseconds) from times in microseconds.
    static func append(gateway: Int64, upstream: Int64, to fields: inout HTTPResponseHead) {
        var text: [UInt8] = []
        text.reserveCapacity(56)
        text.append(contentsOf: "gateway;dur=".utf8)
        appendMilliseconds(gateway, to: &text)
        text.append(contentsOf: ", upstream;dur=".utf8)
        appendMilliseconds(upstream, to: &text)
        fields.appendField("server-timing", value: text[...])
    }

    private static func appendMilliseconds(_ microseconds: Int64, to text: inout [UInt8]) {
        let microseconds = max(0, microseconds)
        text.append(contentsOf: String(microseconds / 1_000).utf8)
        text.append(UInt8(ascii: "."))
        var divisor: Int64 = 100
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(microseconds % 1_000 / divisor % 10))
            divisor /= 10
        }
    }
}
