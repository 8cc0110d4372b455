/// A timer of one loop, made once and set many times: moving its deadline later costs one store, because the entry in the loop's heap is
/// looked at again only when it comes up. That keeps idle time-outs, which move with every byte, out of the hot path.
///
/// Belongs to the thread of its loop.
public final class LoopTimer {
    unowned let loop: EventLoop
    private let fire: () -> Void
    private(set) var deadline: MonotonicTime = .never
    /// When the heap will look at this timer next; `never` when it holds no entry.
    private var scheduled: MonotonicTime = .never

    /// Makes a timer that is off.
    /// - Parameter fire: run on the loop when the deadline has passed; the timer is off again by then.
    public init(on loop: EventLoop, fire: @escaping () -> Void) {
        self.loop = loop
        self.fire = fire
    }

    /// Sets the deadline; `never` switches the timer off.
    @inline(__always)
    public func set(_ newDeadline: MonotonicTime) {
        deadline = newDeadline
        if newDeadline < scheduled { schedule(newDeadline) }
    }

    private func schedule(_ moment: MonotonicTime) {
        scheduled = moment
        loop.timers.push(TimerEntry(moment: moment, timer: self))
    }

    /// Called by the loop when an entry of this timer comes up.
    func entryCameUp(_ moment: MonotonicTime, now: MonotonicTime) {
        // An entry that an earlier one has replaced is ignored.
        guard moment == scheduled else { return }
        scheduled = .never
        if deadline == .never { return }
        if deadline > now { return schedule(deadline) }
        deadline = .never
        fire()
    }
}

struct TimerEntry {
    let moment: MonotonicTime
    let timer: LoopTimer
}

/// A binary heap of timer entries, earliest first.
struct TimerHeap {
    private var entries: [TimerEntry] = []

    var earliest: MonotonicTime { entries.first?.moment ?? .never }

    mutating func push(_ entry: TimerEntry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].moment < entries[parent].moment else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popEarliest() -> TimerEntry? {
        guard let first = entries.first else { return nil }
        let last = entries.removeLast()
        if entries.isEmpty { return first }
        entries[0] = last
        sink()
        return first
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1].moment < entries[child].moment { child += 1 }
            guard entries[child].moment < entries[parent].moment else { return }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}
