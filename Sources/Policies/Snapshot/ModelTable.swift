/// All names that a request's `model` may have, indexed.
struct ModelTable: Sendable {
    private struct Slot: Sendable {
        /// The position among listed models.
        let index: Int
        let resolution: ModelResolution
    }

    /// The models that can be called, by name, alias and unambiguous last part of the name. Separate from ``slots``, so that the usual
    /// lookup copies only a reference.
    private var entries: [String: ModelEntry] = [:]
    /// The same of all models.
    private var slots: [String: Slot] = [:]
    /// The names of ``slots``.
    private let candidates: EditDistance.Candidates
    /// Names and aliases alone, in order.
    private var fullNames: [(name: String, index: Int)] = []
    /// A full name for each last part that several models have.
    private var ambiguous: [String: String] = [:]
    /// The patterns, the longest first.
    let patterns: [ModelPattern]
    let listedCount: Int

    /// - Parameter models: the listed models; their names and aliases are distinct.
    init(_ models: [(name: String, aliases: [String], resolution: ModelResolution)], patterns: [ModelPattern]) {
        self.patterns = patterns.sorted { ($1.prefix.utf8.count, $0.prefix) < ($0.prefix.utf8.count, $1.prefix) }
        listedCount = models.count
        var byLastPart: [String: [(name: String, slot: Slot)]] = [:]
        for (index, model) in models.enumerated() {
            let slot = Slot(index: index, resolution: model.resolution)
            for name in [model.name] + model.aliases {
                slots[name] = slot
                fullNames.append((name, index))
            }
            if let part = Self.lastPart(of: model.name), part != model.name { byLastPart[part, default: []].append((model.name, slot)) }
        }
        for (part, owners) in byLastPart where slots[part] == nil {
            if owners.count == 1 { slots[part] = owners.first?.slot } else { ambiguous[part] = owners.first?.name }
        }
        for (name, slot) in slots { if case .model(let entry) = slot.resolution { entries[name] = entry } }
        candidates = EditDistance.Candidates(slots.keys)
    }

    func resolve(_ requested: String) -> ModelResolution {
        if let entry = entries[requested] { return .model(entry) }
        if let slot = slots[requested] { return slot.resolution }
        if let pattern = pattern(for: requested) { return pattern.resolve(requested) }
        return .unknown(nearest: nearest(to: requested))
    }

    /// The position among listed models of what `name` stands for; `nil` for patterns and unknown names.
    func listedIndex(of name: String) -> Int? { slots[name]?.index }

    /// The name that is nearest to `name`; `nil` when none is near.
    func nearest(to name: String) -> String? {
        ambiguous[name] ?? candidates.nearest(to: name)
    }

    /// The patterns of the policy, and one for each prefix that models share up to a `/`.
    var possiblePatterns: [String] {
        let beginnings = fullNames.compactMap { name, _ in name.lastIndex(of: "/").map { name[...$0] + "*" } }
        return patterns.map(\.text) + Set(beginnings.map { String($0) }).sorted()
    }

    /// Adds what `text`, a name or pattern of a list of allowed models, stands for.
    /// - Returns: whether it stands for anything.
    func insert(_ text: String, into set: inout ModelSet) -> Bool {
        set.note(text)
        if text.last == "*" { return insert(prefix: String(text.dropLast()), into: &set) }
        if let slot = slots[text] {
            set.insert(listed: slot.index)
        } else if pattern(for: text) != nil {
            set.insert(unlisted: text)
        } else {
            return false
        }
        return true
    }

    private func insert(prefix: String, into set: inout ModelSet) -> Bool {
        var isKnown = patterns.contains { $0.prefix.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: $0.prefix.utf8) }
        for (name, index) in fullNames where name.utf8.starts(with: prefix.utf8) {
            set.insert(listed: index)
            isKnown = true
        }
        set.insert(prefix: prefix)
        return isKnown
    }

    private func pattern(for name: String) -> ModelPattern? {
        NameRules.isPossible(name) ? patterns.first { $0.matches(name) } : nil
    }

    private static func lastPart(of name: String) -> String? {
        name.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(name[name.utf8.index(after: $0)...]) }
    }
}
