internal import Chat
internal import Core

/// What differs between two catalogues, for people.
public struct CatalogueDiff {
    private var rows: [[String]] = []
    private var newRows: [[String]] = []
    private var added = 0
    private var removed = 0
    private var changed = 0
    /// How many prices change by more than a factor of ``suspicious``.
    private var leaps = 0

    /// A price that changes by this factor is more likely a typing error than a new price.
    private static let suspicious: Int64 = 10

    /// Compares two catalogues, model by model of each seller.
    public init(from old: Catalogue, to new: Catalogue) {
        let before = Self.byName(old), after = Self.byName(new)
        for name in Set(before.keys).union(after.keys).sorted() {
            switch (before[name], after[name]) {
            case (nil, let model?):
                added += 1
                newRows.append([name, "new", model.price.version])
            case (_?, nil):
                removed += 1
                rows.append([name, "gone"])
            case (let was?, let model?): compare(name, was, model)
            case (nil, nil): continue
            }
        }
    }

    /// Whether nothing differs.
    public var isEmpty: Bool { rows.isEmpty && newRows.isEmpty }

    /// A line for each model that changes or disappears: seller and name, what differs, the value before and after. Ends with a line break,
    /// or is empty.
    public var text: String { TextTable.text(rows) }

    /// A line for each new model, as above.
    public var textOfNew: String { TextTable.text(newRows) }

    /// How many models differ, in a few words.
    public var summary: String {
        let counts = "\(added) new, \(changed) changed, \(removed) gone"
        return leaps == 0 ? counts : counts + "; \(leaps) prices change more than tenfold: look at them before you use the file"
    }

    private static func byName(_ catalogue: Catalogue) -> [String: KnownModel] {
        Dictionary(catalogue.models.map { ("\($0.seller)/\($0.name)", $0) }) { first, _ in first }
    }

    private mutating func compare(_ name: String, _ old: KnownModel, _ new: KnownModel) {
        var differences: [[String]] = []
        for tier in ServiceTier.allCases {
            let (was, now) = (old.price.listed(tier), new.price.listed(tier))
            guard was != now else { continue }
            let leap = Self.isLeap(was, now)
            if leap { leaps += 1 }
            differences.append(
                [
                    "price", tier == .standard ? "" : tier.word, Self.text(old.price, tier), "→", Self.text(new.price, tier),
                    leap ? "more than tenfold" : "",
                ])
        }
        for (what, was, now) in [
            ("context_window", old.contextWindow, new.contextWindow), ("max_output_tokens", old.maxOutputTokens, new.maxOutputTokens),
        ] where was != now {
            differences.append([what, "", was.map { String($0) } ?? "-", "→", now.map { String($0) } ?? "-"])
        }
        if old.capabilities != new.capabilities {
            differences.append(["abilities", "", Self.text(old.capabilities), "→", Self.text(new.capabilities)])
        }
        if !differences.isEmpty { changed += 1 }
        rows += differences.map { [name] + $0 }
    }

    private static func text(_ prices: PriceList, _ tier: ServiceTier) -> String {
        prices.listed(tier) == nil ? "-" : prices.version(at: tier)
    }

    private static func text(_ capabilities: ModelCapabilities?) -> String {
        guard let capabilities else { return "-" }
        return ModelCapabilities.words.filter { capabilities.contains($0.capability) }.map(\.word).joined(separator: "+")
    }

    private static func isLeap(_ was: TierPrices?, _ now: TierPrices?) -> Bool {
        guard let was = was?.usual, let now = now?.usual else { return false }
        return zip([was.input, was.output], [now.input, now.output]).contains { a, b in
            a.nanos.multipliedReportingOverflow(by: suspicious).partialValue < b.nanos
                || b.nanos.multipliedReportingOverflow(by: suspicious).partialValue < a.nanos
        }
    }
}
