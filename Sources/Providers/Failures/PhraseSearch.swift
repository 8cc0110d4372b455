internal import Glibc

extension String {
    /// Whether the text contains `phrase`, byte by byte. Every failed call is compared with some hundred phrases; `contains`, which compares
    /// characters, took a millisecond for them.
    func hasPhrase(_ phrase: String) -> Bool {
        var (text, phrase) = (self, phrase)
        return text.withUTF8 { text in phrase.withUTF8 { Self.isFound($0, in: text) } }
    }

    private static func isFound(_ phrase: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let wanted = phrase.baseAddress, let start = text.baseAddress else { return phrase.isEmpty }
        var position = 0
        while text.count - position >= phrase.count {
            let rest = text.count - position - phrase.count + 1
            guard let found = memchr(start + position, Int32(wanted.pointee), rest) else { return false }
            position = found - UnsafeMutableRawPointer(mutating: start)
            if memcmp(start + position, wanted, phrase.count) == 0 { return true }
            position += 1
        }
        return false
    }
}
