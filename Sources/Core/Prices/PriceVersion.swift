/// The text of prices in usage records: a record shows its prices even after the policy has changed.
///
/// `input/cached_input/cache_write/output` in USD per million tokens, `-` where there is no price of its own; then `+name=price` for each
/// further kind of token that has one. Prices of long inputs follow as `>threshold:` and the same. A tier that is not the standard one stands
/// in front: `priority:…`.
extension TierPrices {
    /// Writes the prices.
    var text: String { usual.text + (long.map { ">\($0.above):\($0.prices.text)" } ?? "") }

    /// Reads what ``text`` wrote; `nil` for anything else.
    init?(text: Substring) {
        let parts = text.split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
        guard let usual = parts.first.flatMap(TokenPrices.init(text:)) else { return nil }
        guard parts.count == 2 else {
            self.init(usual)
            return
        }
        let rest = parts[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard rest.count == 2, let above = Int64(rest[0]), above >= 0, let long = TokenPrices(text: rest[1]) else { return nil }
        self.init(usual, long: LongContextPrices(above: above, long))
    }
}

extension TokenPrices {
    /// The kinds of tokens that were added after the form with four prices.
    private static let further: [(name: Substring, path: WritableKeyPath<TokenPrices, PricePerMillion?> & Sendable)] = [
        ("1h", \.cacheWriteHour), ("audio_in", \.audioInput), ("audio_out", \.audioOutput),
    ]

    fileprivate var text: String {
        let four = [input, cachedInput, cacheWrite, output].map { $0?.decimalString ?? "-" }.joined(separator: "/")
        return Self.further.reduce(four) { text, kind in
            text + (self[keyPath: kind.path].map { "+\(kind.name)=\($0.decimalString)" } ?? "")
        }
    }

    fileprivate init?(text: Substring) {
        let pieces = text.split(separator: "+", omittingEmptySubsequences: false)
        let four = pieces[0].split(separator: "/", omittingEmptySubsequences: false)
        guard four.count == 4, let input = PricePerMillion(decimal: four[0]), let output = PricePerMillion(decimal: four[3]) else {
            return nil
        }
        self.init(input: input, output: output)
        for (text, path) in [(four[1], \TokenPrices.cachedInput), (four[2], \TokenPrices.cacheWrite)] where text != "-" {
            guard let price = PricePerMillion(decimal: text) else { return nil }
            self[keyPath: path] = price
        }
        for piece in pieces.dropFirst() {
            let pair = piece.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, let kind = Self.further.first(where: { $0.name == pair[0] }),
                let price = PricePerMillion(decimal: pair[1])
            else { return nil }
            self[keyPath: kind.path] = price
        }
    }
}
