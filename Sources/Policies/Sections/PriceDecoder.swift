internal import Chat
internal import Core

/// Reads `price:`. Decimals are parsed from their characters, never through floating point.
enum PriceDecoder {
    private static let highest = 100_000

    static func pricing(_ field: FieldReader) -> Pricing? {
        if case .scalar(let scalar) = field.node.content {
            return scalar.text == "free"
                ? .free : field.refuse("\"price\" must be \"free\" or a mapping such as {input: 0.15, output: 0.60}")
        }
        guard let reader = field.mapping(.price), let standard = tier(reader, field) else { return nil }
        var further: [ServiceTier: TierPrices] = [:]
        for tier in ServiceTier.allCases where tier != .standard {
            guard let field = reader[tier.word] else { continue }
            guard let reader = field.mapping(.tierPrice), let prices = self.tier(reader, field) else { return nil }
            further[tier] = prices
        }
        noticeDearCache(standard, field)
        return .listed(PriceList(standard, further: further))
    }

    private static func tier(_ reader: MappingReader, _ field: FieldReader) -> TierPrices? {
        let usual = tokens(reader, field)
        guard let longField = reader["long_context"] else { return usual.map { TierPrices($0) } }
        guard let longReader = longField.mapping(.longContextPrice) else { return nil }
        let prices = tokens(longReader, longField)
        guard let aboveField = longReader["above"] else {
            return longField.refuse("\"long_context\" has no \"above\": the most input tokens that the usual prices are for")
        }
        guard let above = aboveField.integer(in: 1...1_000_000_000), let usual, let prices else { return nil }
        return TierPrices(usual, long: LongContextPrices(above: Int64(above), prices))
    }

    private static func tokens(_ reader: MappingReader, _ field: FieldReader) -> TokenPrices? {
        for key in ["input", "output"] where reader[key] == nil {
            field.diagnostics.error(at: reader.place, "the price has no \"\(key)\"; write 0 when it costs nothing")
        }
        func price(_ key: String) -> PricePerMillion? { reader[key].flatMap(perMillion) }
        let (input, output) = (price("input"), price("output"))
        let others = [price("cached_input"), price("cache_write"), price("cache_write_1h"), price("audio_input"), price("audio_output")]
        guard let input, let output else { return nil }
        return TokenPrices(
            input: input, cachedInput: others[0], cacheWrite: others[1], cacheWriteHour: others[2], audioInput: others[3], output: output,
            audioOutput: others[4])
    }

    /// Reports cached input that costs more than other input: probably a decimal point in the wrong place.
    private static func noticeDearCache(_ prices: TierPrices, _ field: FieldReader) {
        guard let cached = prices.usual.cachedInput, cached > prices.usual.input else { return }
        field.diagnostics.notice(
            at: field.node.start,
            "cached input costs more than other input (\(cached.decimalString) against \(prices.usual.input.decimalString)); "
                + "budgets reserve for the dearer of them")
    }

    private static func perMillion(_ field: FieldReader) -> PricePerMillion? {
        guard let text = field.literal(expected: "a price in USD per million tokens") else { return nil }
        if let unavailability = DecimalSyntax.unavailability(to: text) {
            return field.refuse("the price \"\(field.label)\" \(unavailability)")
        }
        guard let price = PricePerMillion(decimal: text), price.nanos <= Int64(highest) * 1_000_000_000 else {
            return field.refuse("the price \"\(field.label)\" is more than \(highest) USD per million tokens")
        }
        return price
    }
}
