/// The models that a team or a key may use, with the policy's names resolved in advance.
///
/// Holds for the entries of the snapshot that made it, listed and pattern-made ones; not for those of another snapshot.
public struct ModelSet: Sendable {
    /// Whether every model is allowed.
    public let isEverything: Bool
    /// The names and patterns as they were written; empty when everything is allowed.
    public private(set) var written: [String] = []
    /// One bit per listed model.
    private var listed: [UInt64]
    /// Names that are not listed but match a pattern of the policy.
    private var names: Set<String> = []
    /// Prefixes of names: `openai/` for `openai/*`.
    private var prefixes: [String] = []

    /// Every model.
    public static let everything = ModelSet(isEverything: true, listedCount: 0)

    /// No model yet, with room for `listedCount` listed ones.
    init(listedCount: Int) { self.init(isEverything: false, listedCount: listedCount) }

    private init(isEverything: Bool, listedCount: Int) {
        self.isEverything = isEverything
        listed = [UInt64](repeating: 0, count: (max(0, listedCount) + 63) / 64)
    }

    /// Whether `entry` may be used.
    public func contains(_ entry: ModelEntry) -> Bool { contains(.provider(entry)) }

    /// Whether `model` may be used.
    public func contains(_ model: NamedModel) -> Bool {
        if isEverything { return true }
        if let index = model.index { return index >> 6 < listed.count && listed[index >> 6] & (1 << UInt64(index & 63)) != 0 }
        return names.contains(model.name) || prefixes.contains { model.name.utf8.starts(with: $0.utf8) }
    }

    /// Keeps the text of the policy, for display.
    mutating func note(_ text: String) { written.append(text) }

    mutating func insert(listed index: Int) {
        guard index >= 0, index >> 6 < listed.count else { return }
        listed[index >> 6] |= 1 << UInt64(index & 63)
    }

    mutating func insert(unlisted name: String) { names.insert(name) }

    mutating func insert(prefix: String) { prefixes.append(prefix) }
}
