internal import Chat

/// White space as providers see it: all of Unicode's, and control characters.
extension UnsafeRawBufferPointer {
    /// Whether there is more in it than white space.
    var hasInk: Bool {
        // The usual text begins with a letter.
        if let first, first > 0x20, first < 0x7F { return true }
        return inkEnd > 0
    }

    /// The text without white space at its end.
    var trimmedAtEnd: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[..<inkEnd]) }

    /// Offset behind the last character that is not white space; 0 when there is none.
    private var inkEnd: Int {
        var end = count
        while end > 0 {
            if self[end - 1] <= 0x20 {
                end -= 1
            } else if end >= 2, self[end - 2] == 0xC2, self[end - 1] == 0x85 || self[end - 1] == 0xA0 {
                end -= 2
            } else if end >= 3, Self.isWideSpace(self[end - 3], self[end - 2], self[end - 1]) {
                end -= 3
            } else {
                return end
            }
        }
        return 0
    }

    /// U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F and U+3000 in UTF-8.
    private static func isWideSpace(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
        switch (first, second, third) {
        case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF), (0xE2, 0x81, 0x9F),
            (0xE3, 0x80, 0x80):
            true
        default: false
        }
    }

    /// As many whole UTF-8 characters as fit into `count` bytes.
    func prefix(ofCharacters count: Int) -> UnsafeRawBufferPointer {
        guard self.count > count else { return self }
        var end = count
        // The bytes behind the first of a character have 10 as their highest bits.
        while end > 0, self[end] & 0xC0 == 0x80 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[..<end])
    }
}
