/// Names a request that waits. Lower ones arrived earlier.
typealias WaiterID = UInt64

/// A request that waits.
struct Waiter: Sendable {
    let request: SpendRequest
    /// Microseconds since 1970.
    let arrival: Int64
    /// When its own patience ends.
    let patience: Int64
    /// When it is refused, given the limit it waits for now.
    var end: Int64
    /// The limit in whose line it is, and in whose turn.
    var cell: CellID
    var group: NodeID
    /// What it needs of that limit.
    var need: Int64
    let notify: @Sendable (WaitOutcome) -> Void
}

/// The line for one limit: the scopes below it take turns, inside of each the order is that of arrival.
///
/// Turns follow start-time fair queueing (Goyal, Vin, Chen 1996): who was given the least, in shares of the limit
/// divided by weight, is next.
struct WaitQueue: Sendable {
    private struct Group: Sendable {
        let id: NodeID
        let weight: Double
        /// What it was given since the line formed.
        var given: Double
        var line = WaitLine()
    }

    private var groups: [Group] = []

    var isEmpty: Bool { groups.allSatisfy { $0.line.isEmpty } }

    /// Who arrived first of all.
    var oldest: WaiterID? { groups.compactMap { $0.line.first }.min() }

    /// Whose turn it is.
    var next: WaiterID? {
        groups.lazy.filter { !$0.line.isEmpty }.min { $0.given < $1.given }?.line.first
    }

    mutating func insert(_ waiter: WaiterID, _ group: NodeID, weight: Int) {
        if let index = groups.firstIndex(where: { $0.id == group }) {
            // Who comes back after a pause has no claim from before it.
            if groups[index].line.isEmpty { groups[index].given = max(groups[index].given, least) }
            groups[index].line.insert(waiter)
        } else {
            var made = Group(id: group, weight: Double(weight), given: least)
            made.line.insert(waiter)
            groups.append(made)
        }
    }

    private var least: Double { groups.lazy.filter { !$0.line.isEmpty }.map(\.given).min() ?? 0 }

    mutating func remove(_ waiter: WaiterID, _ group: NodeID) {
        guard let index = groups.firstIndex(where: { $0.id == group }) else { return }
        groups[index].line.remove(waiter)
    }

    /// Notes that `group` was given `share` of the limit.
    mutating func give(_ share: Double, to group: NodeID) {
        guard let index = groups.firstIndex(where: { $0.id == group }) else { return }
        groups[index].given += share / groups[index].weight
    }
}

/// Waiters in the order of arrival.
struct WaitLine: Sendable {
    private var waiters: [WaiterID] = []
    /// How many at the front have left: moving all the others up each time would cost more the longer the line is.
    private var gone = 0

    var isEmpty: Bool { gone == waiters.count }
    var first: WaiterID? { isEmpty ? nil : waiters[gone] }

    mutating func insert(_ waiter: WaiterID) { waiters.insert(waiter, at: position(of: waiter)) }

    mutating func remove(_ waiter: WaiterID) {
        let index = position(of: waiter)
        guard index < waiters.count, waiters[index] == waiter else { return }
        guard index == gone else {
            waiters.remove(at: index)
            return
        }
        gone += 1
        if gone > 32, gone * 2 > waiters.count {
            waiters.removeFirst(gone)
            gone = 0
        }
    }

    /// Where `waiter` is or would be.
    private func position(of waiter: WaiterID) -> Int {
        guard let last = waiters.last, waiter <= last else { return waiters.count }
        var (low, high) = (gone, waiters.count)
        while low < high {
            let middle = (low + high) / 2
            if waiters[middle] < waiter { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
