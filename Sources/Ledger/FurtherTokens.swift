internal import Core

/// Kinds of tokens that came later than the first form of records, as one text: `one-hour cache writes,input of sound,output of sound`.
extension TokenUsage {
    /// The text; `nil` when there are none of them.
    package var further: String? {
        cacheWriteHour == 0 && audioInput == 0 && audioOutput == 0 ? nil : "\(cacheWriteHour),\(audioInput),\(audioOutput)"
    }

    /// Takes in what ``further`` wrote.
    /// - Returns: false when the text does not have this form.
    package mutating func add(further text: String?) -> Bool {
        guard let text else { return true }
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).compactMap { Int64($0) }
        guard numbers.count == 3 else { return false }
        (cacheWriteHour, audioInput, audioOutput) = (numbers[0], numbers[1], numbers[2])
        return true
    }
}

extension ServiceTier {
    /// The tier that a record's `price_version` is for.
    package init(priceVersion: String) {
        let word = priceVersion.split(separator: ":", maxSplits: 1).first.map(String.init) ?? ""
        self = ServiceTier(servedAs: word)
    }
}
