/// Spans of time as policies and headers write them: a whole number and `ms`, `s`, `m` or `h`.
public enum DurationSyntax {
    /// The longest time that a policy may give: 24 hours.
    public static let longest = Duration.seconds(24 * 60 * 60)

    /// Reads `250ms`, `30s`, `5m`, `1h`. `nil` for anything else, a number without unit and numbers of more than twelve digits included.
    public static func parse(_ text: some StringProtocol) -> Duration? {
        let digits = text.utf8.prefix(while: isDigit)
        guard !digits.isEmpty, digits.count <= 12 else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        switch Array(text.utf8.dropFirst(digits.count)) {
        case Array("ms".utf8): return .milliseconds(number)
        case Array("s".utf8): return .seconds(number)
        case Array("m".utf8): return .seconds(number * 60)
        case Array("h".utf8): return .seconds(number * 3600)
        default: return nil
        }
    }

    /// The shortest such text of a time that a policy can give; parts below a millisecond are dropped.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if milliseconds != 0 { return "\(min(seconds, 1 << 40) * 1000 + milliseconds)ms" }
        if seconds != 0, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        if seconds != 0, seconds % 60 == 0 { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}
