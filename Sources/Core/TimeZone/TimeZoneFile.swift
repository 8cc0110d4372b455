/// Reads a zone of the system's time zone database: TZif, RFC 9636. Only what tells the offset is read.
public enum TimeZoneFile {
    /// Files of the database are below 8 KiB.
    public static let largest = 1 << 17

    /// The rules of the file; `nil` when the bytes are not TZif.
    public static func parse(_ bytes: [UInt8]) -> TimeZoneRules? {
        guard bytes.count <= largest, let first = Header(bytes[...]) else { return nil }
        // From version 2 on a second block follows, with times of eight bytes, and a rule for the time behind the last one.
        guard first.version >= UInt8(ascii: "2") else { return block(bytes[Header.size...], first, timeSize: 4, footer: []) }
        let second = bytes.dropFirst(Header.size + first.size(timeSize: 4))
        guard let header = Header(second) else { return nil }
        let data = second.dropFirst(Header.size)
        return block(data, header, timeSize: 8, footer: data.dropFirst(header.size(timeSize: 8)))
    }

    private static func block(_ data: ArraySlice<UInt8>, _ header: Header, timeSize: Int, footer: ArraySlice<UInt8>) -> TimeZoneRules? {
        guard data.count >= header.size(timeSize: timeSize), header.types > 0 else { return nil }
        let times = data.prefix(header.times * timeSize)
        let indexes = data.dropFirst(times.count).prefix(header.times)
        let types = data.dropFirst(times.count + indexes.count).prefix(header.types * 6)
        let offsets = (0..<header.types).map { Int32(truncatingIfNeeded: number(types.dropFirst($0 * 6), size: 4)) }
        guard offsets.allSatisfy({ abs(Int64($0)) <= 26 * 3600 }), let initial = offsets.first else { return nil }
        var transitions: [Int64] = []
        var transitionOffsets: [Int32] = []
        for (position, index) in indexes.enumerated() {
            let time = number(times.dropFirst(position * timeSize), size: timeSize)
            guard Int(index) < offsets.count, transitions.last.map({ $0 < time }) ?? true else { return nil }
            transitions.append(time)
            transitionOffsets.append(offsets[Int(index)])
        }
        let line = footer.first == UInt8(ascii: "\n") ? footer.dropFirst() : []
        let text = line.prefix { $0 != UInt8(ascii: "\n") }
        let rule = text.isEmpty ? nil : DaylightRule(text)
        if !text.isEmpty, rule == nil { return nil }
        return TimeZoneRules(initialOffset: initial, transitions: transitions, offsets: transitionOffsets, rule: rule)
    }

    /// A signed number of 4 or 8 bytes, the highest first.
    private static func number(_ bytes: ArraySlice<UInt8>, size: Int) -> Int64 {
        let value = bytes.prefix(size).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    private struct Header {
        static let size = 44
        let version: UInt8
        let (times, types): (Int, Int)
        private let rest: [Int]

        init?(_ bytes: ArraySlice<UInt8>) {
            guard bytes.count >= Self.size, bytes.starts(with: "TZif".utf8) else { return nil }
            version = bytes[bytes.startIndex + 4]
            let counts = (0..<6).map { index in bytes.dropFirst(20 + index * 4).prefix(4).reduce(0) { $0 << 8 | Int($1) } }
            guard counts.allSatisfy({ $0 <= largest }) else { return nil }
            // UT indicators, standard indicators, leap seconds, times, types, characters of names.
            (times, types) = (counts[3], counts[4])
            rest = counts
        }

        func size(timeSize: Int) -> Int {
            times * (timeSize + 1) + types * 6 + rest[5] + rest[2] * (timeSize + 4) + rest[1] + rest[0]
        }
    }
}
