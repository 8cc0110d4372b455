internal import Synchronization

/// The bytes that recorded answers may take, all together. Whoever holds an answer holds its bytes: they come back when the last lets go.
final class AnswerBudget: Sendable {
    private let limit: Int
    private let used = Atomic(0)

    init(limit: Int) { self.limit = limit }

    /// Bytes that are taken.
    var bytes: Int { used.load(ordering: .relaxed) }

    /// Takes `count` bytes, if there are so many.
    func take(_ count: Int) -> Bool {
        if used.add(count, ordering: .relaxed).newValue <= limit { return true }
        give(count)
        return false
    }

    /// Gives bytes back.
    func give(_ count: Int) { used.subtract(count, ordering: .relaxed) }
}
