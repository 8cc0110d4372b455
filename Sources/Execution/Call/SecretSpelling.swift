/// The ways in which servers write a secret that they quote.
enum SecretSpelling {
    /// `secret` with percent-escapes, and in Base64, wherever it stands in what was encoded (`user:secret`, `Bearer secret`).
    static func encoded(_ secret: String) -> [String] {
        let bytes = Array(secret.utf8)
        let standard = (0..<3).map { base64(bytes, behind: $0) }
        let ofURLs = standard.map { $0.replacing("+", with: "-").replacing("/", with: "_") }
        return standard + ofURLs + [percent(bytes, "0123456789ABCDEF"), percent(bytes, "0123456789abcdef")]
    }

    /// `json` with `\/` and the escapes `\u0020` to `\u007e` as the characters that they stand for; quotes and backslashes stay escaped.
    static func withoutNeedlessEscapes(_ json: [UInt8]) -> [UInt8] {
        let backslash = UInt8(ascii: "\\")
        guard var end = json.firstIndex(of: backslash) else { return json }
        var plain: [UInt8] = []
        plain.reserveCapacity(json.count)
        plain.append(contentsOf: json[..<end])
        while end < json.count {
            let byte = json[end]
            guard byte == backslash, end + 1 < json.count else {
                plain.append(byte)
                end += 1
                continue
            }
            let (character, length) = escape(json[end...])
            if let character { plain.append(character) } else { plain.append(contentsOf: json[end..<(end + length)]) }
            end += length
        }
        return plain
    }

    /// The character that the escape at the start of `text` stands for, `nil` where it is to stay, and the escape's length.
    private static func escape(_ text: ArraySlice<UInt8>) -> (UInt8?, Int) {
        let kind = text[text.startIndex + 1]
        if kind == UInt8(ascii: "/") { return (kind, 2) }
        guard kind == UInt8(ascii: "u"), text.count >= 6 else { return (nil, 2) }
        let digits = text[(text.startIndex + 2)..<(text.startIndex + 6)]
        guard let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), (0x20...0x7E).contains(value),
            value != UInt8(ascii: "\""),
            value != UInt8(ascii: "\\")
        else { return (nil, 2) }
        return (value, 6)
    }

    /// The digits that are the same whatever stands before and behind `bytes`.
    /// - Parameter offset: bytes that stand before, modulo 3.
    private static func base64(_ bytes: [UInt8], behind offset: Int) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let all = [UInt8](repeating: 0, count: offset) + bytes
        var digits: [UInt8] = []
        var bits = 0
        var held = 0
        for byte in all {
            bits = bits << 8 | Int(byte)
            held += 8
            while held >= 6 {
                held -= 6
                digits.append(alphabet[bits >> held & 63])
            }
            bits &= 63
        }
        return String(decoding: digits.dropFirst([0, 2, 3][offset]), as: UTF8.self)
    }

    private static func percent(_ bytes: [UInt8], _ alphabet: String) -> String {
        let hex = Array(alphabet.utf8)
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                text.append(byte)
            default: text += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
