internal import Chat

/// Reads catalogue files: the program's own format, genai-prices' `data.json`, and LiteLLM's `model_prices_and_context_window.json`.
public enum CatalogueFile {
    /// Files larger than this are refused: 16 MiB.
    public static let largest = 16 << 20

    /// Reads a file in any of the formats, which is recognised from its content.
    /// - Throws: ``CatalogueError`` that says what is wrong and where.
    public static func read(_ bytes: [UInt8]) throws(CatalogueError) -> Catalogue {
        guard bytes.count <= largest else { throw CatalogueError("the file is larger than \(largest >> 20) MiB") }
        let outcome: Result<Catalogue, CatalogueError>
        do {
            outcome = try JSONReader().read(bytes) { root in Result { () throws(CatalogueError) in try read(root) } }
        } catch { throw CatalogueError(error.publicMessage) }
        return try outcome.get()
    }

    private static func read(_ root: JSONValue) throws(CatalogueError) -> Catalogue {
        let catalogue: Catalogue
        if root.kind == .array {
            catalogue = try GenAIPrices.read(root).completed(by: .shipped)
        } else if root["format"]?.isString("purser-catalogue") == true {
            catalogue = try OwnCatalogue.read(root)
        } else if root.kind == .object {
            catalogue = try LiteLLMPrices.read(root).completed(by: .shipped)
        } else {
            throw CatalogueError("the file is neither a catalogue of Purser's, nor genai-prices' data.json, nor LiteLLM's price map")
        }
        return catalogue
    }
}

/// What is wrong with a catalogue file.
public struct CatalogueError: Error, CustomStringConvertible {
    /// The reason, without the file's name.
    public let description: String

    init(_ description: String) { self.description = description }

    static let noModels = CatalogueError("the file has no model with a price of input and output tokens")
}

/// Moves decimal points in texts, so that prices never become floating point.
enum DecimalShift {
    /// The most digits that a decimal may have.
    private static let mostDigits = 40

    /// `text` (`3`, `0.15`, `3e-06`) times ten to the power of `places`, as a plain decimal; `nil` when it is not a decimal, is negative or
    /// out of range. Places behind the ninth are rounded up: prices are kept to nine.
    static func decimal(_ text: String, by places: Int) -> String? {
        let parts = text.lowercased().split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        let exponent = parts.count == 2 ? Int(parts[1]) : 0
        guard let mantissa = parts.first, let exponent, abs(exponent) <= 30 else { return nil }
        let halves = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = halves.first, !whole.isEmpty else { return nil }
        let fraction = halves.count == 2 ? halves[1] : ""
        var digits = Array(whole.utf8) + Array(fraction.utf8)
        guard digits.count <= mostDigits, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        var point = whole.utf8.count + exponent + places
        while point < 1 {
            digits.insert(UInt8(ascii: "0"), at: 0)
            point += 1
        }
        while digits.count < point { digits.append(UInt8(ascii: "0")) }
        return rounded(digits, point)
    }

    private static func rounded(_ digits: [UInt8], _ point: Int) -> String {
        var kept = Array(digits.prefix(point + 9))
        if digits.dropFirst(point + 9).contains(where: { $0 != UInt8(ascii: "0") }) {
            var index = kept.count - 1
            while index >= 0, kept[index] == UInt8(ascii: "9") {
                kept[index] = UInt8(ascii: "0")
                index -= 1
            }
            if index >= 0 { kept[index] += 1 } else { return rounded([UInt8(ascii: "1")] + kept, point + 1) }
        }
        let fraction = kept.dropFirst(point)
        let whole = String(decoding: kept.prefix(point), as: UTF8.self)
        return fraction.isEmpty ? whole : whole + "." + String(decoding: fraction, as: UTF8.self)
    }
}
