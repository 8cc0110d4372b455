internal import Core

/// The fields of a usage record in CSV and JSON lines: names and order are part of Purser's contract.
enum RecordField {
    private enum Value {
        case text(String?)
        case number(Int64)
        /// Microseconds, shown as milliseconds.
        case milliseconds(Int64?)
        case flag(Bool)
        /// An exact decimal, as a string also in JSON: a JSON number would pass through binary floating point.
        case decimal(String)
        case tags([UsageRecord.Tag])
    }

    static let names = [
        "request_id", "call_id", "parent", "time", "org", "team", "key_id", "user", "metadata", "requested_model", "route", "task",
        "complexity",
        "experiment", "arm", "role", "provider", "model", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens",
        "reasoning_tokens", "cost_usd", "price_version", "latency_ms", "first_token_ms", "status", "error_code", "stream", "tool",
        "estimated", "cache_write_1h_tokens", "audio_input_tokens", "audio_output_tokens", "service_tier", "in_doubt_usd",
        "in_doubt_tokens",
    ]

    private static func values(_ record: UsageRecord) -> [Value] {
        [
            .text(record.requestID), .text(record.callID), .text(record.parent), .text(record.time.rfc3339), .text(record.organization),
            .text(record.team), .text(record.keyID), .text(record.user), .tags(record.metadata), .text(record.requestedModel),
            .text(record.route), .text(record.task), .text(record.complexity), .text(record.experiment), .text(record.arm),
            .text(record.role),
            .text(record.provider), .text(record.model), .number(record.tokens.input), .number(record.tokens.cachedInput),
            .number(record.tokens.cacheWrite), .number(record.tokens.output), .number(record.tokens.reasoning),
            .decimal(record.cost.decimalString), .text(record.priceVersion), .milliseconds(record.latencyMicroseconds),
            .milliseconds(record.firstTokenMicroseconds), .text(record.status.rawValue), .text(record.errorCode), .flag(record.isStream),
            .text(record.tool), .flag(record.isEstimated), .number(record.tokens.cacheWriteHour), .number(record.tokens.audioInput),
            .number(record.tokens.audioOutput), .text(record.tokens.tier.word),
            .decimal(record.inDoubt.decimalString), .number(record.inDoubtTokens),
        ]
    }

    static func csv(_ record: UsageRecord) -> String {
        CSV.line(values(record).map(csvCell))
    }

    static func json(_ record: UsageRecord) -> String {
        "{" + zip(names, values(record)).map { "\"\($0)\":\(jsonValue($1))" }.joined(separator: ",") + "}\n"
    }

    private static func csvCell(_ value: Value) -> String {
        switch value {
        case .text(let text): CSV.text(text)
        case .number(let number): String(number)
        case .milliseconds(let microseconds): microseconds.map(milliseconds) ?? ""
        case .flag(let flag): flag ? "true" : "false"
        case .decimal(let text): text
        case .tags(let tags): tags.isEmpty ? "" : CSV.text(object(tags))
        }
    }

    private static func jsonValue(_ value: Value) -> String {
        switch value {
        case .text(let text): text.map(JSONText.string) ?? "null"
        case .number(let number): String(number)
        case .milliseconds(let microseconds): microseconds.map(milliseconds) ?? "null"
        case .flag(let flag): flag ? "true" : "false"
        case .decimal(let text): "\"\(text)\""
        case .tags(let tags): object(tags)
        }
    }

    private static func object(_ tags: [UsageRecord.Tag]) -> String {
        var bytes: [UInt8] = []
        JSONText.appendObject(tags, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `microseconds` ÷ 1,000 as an exact decimal with up to three places.
    private static func milliseconds(_ microseconds: Int64) -> String {
        let (whole, part) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000)
        var text = (microseconds < 0 ? "-" : "") + String(whole)
        guard part > 0 else { return text }
        text += "." + Int64(part).padded(to: 3)
        while text.last == "0" { text.removeLast() }
        return text
    }
}
