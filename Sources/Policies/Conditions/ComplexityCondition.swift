internal import Classifier

/// `complexity`: the tier is one of these.
struct ComplexityCondition: Sendable {
    private let tiers: UInt8

    init?(_ field: FieldReader) {
        guard let items = field.alternatives() else { return nil }
        let words = items.map { $0.word("complexity", as: ComplexityTier.self) }
        guard !words.contains(where: { $0 == nil }) else { return nil }
        tiers = words.reduce(0) { $0 | ($1.map(Self.bit) ?? 0) }
    }

    func holds(_ features: RequestFeatures) -> Bool {
        guard let classification = features.classification else { return false }
        return tiers & Self.bit(classification.complexity) != 0
    }

    func implies(_ other: ComplexityCondition) -> Bool { tiers & ~other.tiers == 0 }

    private static func bit(_ tier: ComplexityTier) -> UInt8 {
        switch tier {
        case .low: 1
        case .medium: 2
        case .high: 4
        }
    }
}
