/// Lets `${NAME}` stand unquoted everywhere, also between `{` and `}`, where YAML itself would end a plain scalar at the brace.
///
/// Before parsing, the braces of each `${…}` are exchanged for two private-use characters (which files may not contain themselves);
/// afterwards they are put back. One character for one character: lines and columns stay true.
enum EnvironmentMarks {
    static let opening: Unicode.Scalar = "\u{E000}"
    static let closing: Unicode.Scalar = "\u{E001}"

    static func hidden(in bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "$")) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            result.append(byte)
            guard byte == UInt8(ascii: "$"), rest.first == UInt8(ascii: "{") else { continue }
            let name = rest.dropFirst().prefix(while: isInsideReference)
            let behind = rest.dropFirst(1 + name.count)
            guard behind.first == UInt8(ascii: "}") else { continue }
            result += Array(String(opening).utf8) + name + Array(String(closing).utf8)
            rest = behind.dropFirst()
        }
        return result
    }

    static func shown(in text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0 == opening || $0 == closing }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(scalar == opening ? "{" : scalar == closing ? "}" : scalar) }
        return String(result)
    }

    /// Wider than the names that are allowed, so that a wrong one is reported as such and not as a broken mapping.
    private static func isInsideReference(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: isDigit(byte)
        }
    }
}
