internal import Synchronization

/// A loop's share of the memory budget. It keeps some credit, so that ordinary requests need no synchronization with other loops.
///
/// Belongs to its loop.
final class MemoryShare {
    let budget: MemoryBudget
    /// Bytes that the budget has promised and no request uses yet.
    private var credit = 0
    /// Bytes to take from the budget at a time: few, because credit that is idle in one loop is missing in others.
    private let usualCredit: Int
    private let arrivedBytes: ArrivedBytes
    private var arrived = 0

    init(_ budget: MemoryBudget, _ arrivedBytes: ArrivedBytes) {
        self.budget = budget
        self.arrivedBytes = arrivedBytes
        usualCredit = min(1 << 20, budget.limit / 512)
    }

    /// Takes `bytes` for a request; false when there is not enough.
    /// - Parameter isLarge: whether the request must leave the last part of the memory to smaller ones.
    func take(_ bytes: Int, isLarge: Bool) -> Bool {
        if isLarge { return budget.promise(bytes, below: budget.watermarks.scarce) }
        guard bytes <= credit || fetch(bytes) else { return false }
        credit -= bytes
        return true
    }

    /// Gets credit for `bytes`, and more in advance if available.
    private func fetch(_ bytes: Int) -> Bool {
        for wanted in [bytes + usualCredit, bytes] where budget.promise(wanted - credit, below: budget.watermarks.exhausted) {
            credit = wanted
            return true
        }
        return false
    }

    /// Gives back what `take` has given.
    func giveBack(_ bytes: Int) {
        credit += bytes
        guard credit > 2 * usualCredit else { return }
        budget.takeBack(credit - usualCredit)
        credit = usualCredit
    }

    /// Notes that this much more (or less) of the promised memory is in use.
    func noteArrival(_ bytes: Int) {
        arrived += bytes
        arrivedBytes.bytes.store(arrived, ordering: .relaxed)
    }
}
