/// Names a request that waits. Lower ones arrived earlier.
typealias WaiterID = UInt64

/// A request that waits.
struct Waiter: Sendable {
    let request: SpendRequest
    /// In microseconds of a monotonic clock, as are the other times.
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
/// Turns follow start-time fair queueing (Goyal, Vin, Chen 1996): the scope that was given the least, in shares of the limit divided by weight,
/// is next. Requests stand in classes by the size of what they need, so that one that fits is found without a look at all: the work is bounded by
/// the number of scopes in line times that of the classes (64).
struct WaitQueue: Sendable {
    private struct Group: Sendable {
        let id: NodeID
        let weight: Double
        /// What it was given since the line formed.
        var given: Double
        /// By class; a class has needs from a power of two up to the next.
        var lines: [WaitLine] = []
        /// A bit for each class in which a request waits.
        var occupied: UInt64 = 0

        /// Of the first requests of the classes in `mask` that `fits` accepts, the one that arrived earliest.
        func first(_ mask: UInt64, _ fits: (WaiterID) -> Bool) -> WaiterID? {
            var (rest, found) = (occupied & mask, WaiterID?.none)
            while rest != 0 {
                let place = rest.trailingZeroBitCount
                rest &= rest - 1
                guard let first = lines[place].first, first < found ?? .max, fits(first) else { continue }
                found = first
            }
            return found
        }
    }

    private var groups: [Group] = []
    /// How many wait in each class.
    private var counts = [Int32](repeating: 0, count: 64)

    /// The class of a need.
    private static func place(_ need: Int64) -> Int { 63 - UInt64(max(1, need)).leadingZeroBitCount }

    /// Whose turn it is.
    var next: WaiterID? {
        groups.lazy.filter { $0.occupied != 0 }.min { $0.given < $1.given }?.first(.max) { _ in true }
    }

    /// Whose turn it is of those that need no more than `free`: of the first of each class.
    func next(needing free: Int64, _ need: (WaiterID) -> Int64) -> WaiterID? {
        let last = Self.place(free)
        if counts[...last].allSatisfy({ $0 == 0 }) { return nil }
        let mask = last == 63 ? UInt64.max : (1 << UInt64(last + 1)) - 1
        var best: (given: Double, id: WaiterID)?
        for group in groups where group.occupied & mask != 0 && group.given < best?.given ?? .infinity {
            if let id = group.first(mask, { need($0) <= free }) { best = (group.given, id) }
        }
        return best?.id
    }

    mutating func insert(_ waiter: WaiterID, _ need: Int64, _ group: NodeID, weight: Int) {
        let place = Self.place(need)
        let index: Int
        if let known = groups.firstIndex(where: { $0.id == group }) {
            // A scope that returns to the line after a pause has no claim from before the pause.
            if groups[known].occupied == 0 { groups[known].given = max(groups[known].given, least) }
            index = known
        } else {
            groups.append(Group(id: group, weight: Double(weight), given: least))
            index = groups.count - 1
        }
        while groups[index].lines.count <= place { groups[index].lines.append(WaitLine()) }
        groups[index].lines[place].insert(waiter)
        groups[index].occupied |= 1 << UInt64(place)
        counts[place] += 1
    }

    private var least: Double { groups.lazy.filter { $0.occupied != 0 }.map(\.given).min() ?? 0 }

    mutating func remove(_ waiter: WaiterID, _ need: Int64, _ group: NodeID) {
        let place = Self.place(need)
        guard let index = groups.firstIndex(where: { $0.id == group }), groups[index].lines.count > place else { return }
        groups[index].lines[place].remove(waiter)
        if groups[index].lines[place].isEmpty { groups[index].occupied &= ~(1 << UInt64(place)) }
        counts[place] -= 1
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
