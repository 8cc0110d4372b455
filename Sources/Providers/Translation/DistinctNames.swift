internal import Chat

/// The letters and the length that a provider allows in a name: that of a tool, or the id of a call.
struct NameRule: Sendable {
    /// The most bytes that a name may have.
    let longest: Int
    /// Letters besides `a`-`z`, `A`-`Z`, `0`-`9`, `_` and `-`.
    var others: StaticString = ""
    /// Whether a name must begin with a letter or `_`.
    var beginsWithLetter = false

    func isValid(_ name: UnsafeRawBufferPointer) -> Bool {
        guard !name.isEmpty, name.count <= longest else { return false }
        return name.enumerated().allSatisfy { allows($1, isFirst: $0 == 0) }
    }

    func allows(_ byte: UInt8, isFirst: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): !(isFirst && beginsWithLetter)
        default: !(isFirst && beginsWithLetter) && others.withUTF8Buffer { $0.contains(byte) }
        }
    }
}

/// Gives names that a rule allows, no two of them alike.
///
/// The time is linear in the names, whatever they are: a number behind a stem is never tried twice.
struct DistinctNames: Sendable {
    private let rule: NameRule
    private var taken: Set<[UInt8]> = []
    /// The next number to try behind a stem.
    private var numbers: [[UInt8]: Int] = [:]
    /// Room for `_` and a number.
    private static let suffixLength = 8

    init(_ rule: NameRule) { self.rule = rule }

    /// Takes `name` as it is.
    /// - Returns: whether the rule allows it and nothing else has it.
    mutating func take(_ name: UnsafeRawBufferPointer) -> Bool {
        rule.isValid(name) && taken.insert(Array(name)).inserted
    }

    func isTaken(_ name: String) -> Bool { taken.contains(Array(name.utf8)) }

    /// Makes a name that looks like `name`, and takes it. Names that are to stay as they are must have been taken before.
    mutating func make(from name: UnsafeRawBufferPointer) -> [UInt8] {
        let plain = allowed(name)
        if taken.insert(plain).inserted { return plain }
        let stem = Array(plain.prefix(rule.longest - Self.suffixLength))
        var number = numbers[stem, default: 2]
        var made = stem + Array("_\(number)".utf8)
        while !taken.insert(made).inserted {
            number += 1
            made = stem + Array("_\(number)".utf8)
        }
        numbers[stem] = number + 1
        return made
    }

    /// `name` with `_` for every character that the rule does not allow, cut to the length that it allows.
    private func allowed(_ name: UnsafeRawBufferPointer) -> [UInt8] {
        var letters: [UInt8] = []
        for byte in name {
            if letters.count == rule.longest { break }
            // The bytes behind the first of a character have 10 as their highest bits.
            if byte & 0xC0 == 0x80 { continue }
            if letters.isEmpty, !rule.allows(byte, isFirst: true) {
                letters.append(UInt8(ascii: "_"))
                if !rule.allows(byte, isFirst: false) || rule.longest == 1 { continue }
            }
            letters.append(rule.allows(byte, isFirst: false) ? byte : UInt8(ascii: "_"))
        }
        return letters.isEmpty ? [UInt8(ascii: "_")] : letters
    }
}
