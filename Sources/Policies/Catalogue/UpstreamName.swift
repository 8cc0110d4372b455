/// A provider's name of a model, parsed by the rules that providers form names with.
struct UpstreamName {
    /// The part of the world that a Bedrock inference profile keeps its calls in.
    enum Geography {
        case global, unitedStates, government, other
    }

    /// Whether the name is one of Bedrock's.
    private(set) var isBedrock = false
    /// The geography that the name begins with; `nil`: none.
    private(set) var geography: Geography?
    /// Names to look up, the most exact first.
    let candidates: [String]

    init(_ name: String) {
        var rest = name[...]
        _ = Self.drop("models/", from: &rest)
        var local = rest
        let place = Self.geographies.first { Self.drop($0.prefix, from: &local) }?.place
        // A prefix is a geography only if a maker's name follows it.
        if Self.drop("anthropic.", from: &local) || Self.hasVendor(local) {
            isBedrock = true
            geography = place
            rest = Self.withoutVersion(local)
        }
        let undated = Self.withoutDate(rest)
        candidates = undated == rest ? [String(rest)] : [String(rest), String(undated)]
    }

    private static let geographies: [(prefix: String, place: Geography)] = [
        ("global.", .global), ("us.", .unitedStates), ("us-gov.", .government), ("eu.", .other), ("apac.", .other), ("jp.", .other),
        ("au.", .other), ("ca.", .other),
    ]

    /// Whether the name begins with a maker whose models the catalogue lists under Bedrock's name.
    private static func hasVendor(_ name: Substring) -> Bool {
        name.utf8.starts(with: "amazon.".utf8) || name.utf8.starts(with: "meta.".utf8)
    }

    private static func drop(_ prefix: String, from name: inout Substring) -> Bool {
        guard name.utf8.starts(with: prefix.utf8) else { return false }
        name = name.dropFirst(prefix.utf8.count)
        return true
    }

    /// The name without a version such as `-v1:0` or `-v1`.
    private static func withoutVersion(_ name: Substring) -> Substring {
        guard let dash = name.utf8.lastIndex(of: UInt8(ascii: "-")) else { return name }
        let version = name.utf8[name.utf8.index(after: dash)...]
        guard version.first == UInt8(ascii: "v"), version.dropFirst().first.map(isDigit) == true else { return name }
        return version.dropFirst().allSatisfy { isDigit($0) || $0 == UInt8(ascii: ":") } ? name[..<dash] : name
    }

    /// The name without a date such as `-20241022`, `@20241022` or `-2024-10-22`, and without `-latest`.
    private static func withoutDate(_ name: Substring) -> Substring {
        for shape in ["-latest", "-########", "@########", "-####-##-##"] {
            let tail = name.utf8.suffix(shape.utf8.count)
            guard tail.count < name.utf8.count, tail.count == shape.utf8.count else { continue }
            if zip(tail, shape.utf8).allSatisfy({ $1 == UInt8(ascii: "#") ? isDigit($0) : $0 == $1 }) { return name[..<tail.startIndex] }
        }
        return name
    }
}
