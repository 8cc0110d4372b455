internal import Synchronization

/// A loop's part in the memory budget. It keeps some credit, so that ordinary requests come and go without a word to the other loops.
///
/// Belongs to its loop.
final class MemoryShare {
    let budget: MemoryBudget
    /// Promised by the budget, and to no request yet.
    private var credit = 0
    /// How much to take from the budget at a time: little, since what lies idle in one loop is missing in the others.
    private let usualCredit: Int
    private let arrivedBytes: ArrivedBytes
    private var arrived = 0

    init(_ budget: MemoryBudget, _ arrivedBytes: ArrivedBytes) {
        self.budget = budget
        self.arrivedBytes = arrivedBytes
        usualCredit = min(1 << 20, budget.limit / 512)
    }

    /// Takes `bytes` for a request; false when there is no room.
    /// - Parameter isLarge: whether the request must leave the last part of the memory to smaller ones.
    func take(_ bytes: Int, isLarge: Bool) -> Bool {
        if isLarge { return budget.promise(bytes, below: budget.watermarks.scarce) }
        guard bytes <= credit || fetch(bytes) else { return false }
        credit -= bytes
        return true
    }

    /// Gets enough credit for `bytes`, and for what comes next if that is to be had too.
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

    /// Notes that so much more (or less) of what is promised has become real.
    func noteArrival(_ bytes: Int) {
        arrived += bytes
        arrivedBytes.bytes.store(arrived, ordering: .relaxed)
    }
}
