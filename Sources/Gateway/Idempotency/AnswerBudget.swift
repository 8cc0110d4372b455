internal import Synchronization

/// The bytes that kept answers may take, all together. An answer's bytes are given back when its last reference is released.
final class AnswerBudget: Sendable {
    private let limit: Int
    private let used = Atomic(0)
    /// The budget that this one's bytes are taken from.
    private let whole: AnswerBudget?

    init(limit: Int, within whole: AnswerBudget? = nil) {
        self.limit = limit
        self.whole = whole
    }

    /// Bytes that are taken.
    var bytes: Int { used.load(ordering: .relaxed) }

    /// Takes `count` bytes, if there are so many.
    func take(_ count: Int) -> Bool {
        if used.add(count, ordering: .relaxed).newValue <= limit, whole?.take(count) ?? true { return true }
        used.subtract(count, ordering: .relaxed)
        return false
    }

    /// Gives bytes back.
    func give(_ count: Int) {
        used.subtract(count, ordering: .relaxed)
        whole?.give(count)
    }
}
