import Chat

/// Reads `price:`. The decimals are read from their characters; they never become floating point.
enum PriceDecoder {
    private static let highest = 100_000

    static func pricing(_ field: FieldReader) -> Pricing? {
        if case .scalar(let scalar) = field.node.content {
            return scalar.text == "free"
                ? .free : field.refuse("\"price\" must be \"free\" or a mapping such as {input: 0.15, output: 0.60}")
        }
        guard let reader = field.mapping(.price) else { return nil }
        for key in ["input", "output"] where reader[key] == nil {
            field.diagnostics.error(at: reader.place, "the price has no \"\(key)\"; write 0 when it costs nothing")
        }
        let input = reader["input"].flatMap(perMillion)
        let cachedInput = reader["cached_input"].flatMap(perMillion)
        let cacheWrite = reader["cache_write"].flatMap(perMillion)
        let output = reader["output"].flatMap(perMillion)
        guard let input, let output else { return nil }
        return .listed(PriceList(input: input, cachedInput: cachedInput, cacheWrite: cacheWrite, output: output))
    }

    private static func perMillion(_ field: FieldReader) -> PricePerMillion? {
        guard let text = field.literal(expected: "a price in USD per million tokens") else { return nil }
        if let objection = DecimalSyntax.objection(to: text) { return field.refuse("the price \"\(field.label)\" \(objection)") }
        guard let price = PricePerMillion(decimal: text), price.nanos <= Int64(highest) * 1_000_000_000 else {
            return field.refuse("the price \"\(field.label)\" is more than \(highest) USD per million tokens")
        }
        return price
    }
}
