internal import EventLoop

/// How the places of an ``UpstreamGate`` are shared among callers. A pure data structure; its gate guards it with a lock.
///
/// A caller that is alone may have every place. Where several callers come, one may have three times as many places as are free afterwards, so
/// that calls that last for ever leave a quarter of the places to the next caller; one place is always allowed. A place that becomes free goes
/// to the caller that has the fewest, and of its calls to the oldest.
struct GateLine {
    /// One call in line. Unchecked: its members are used under the gate's lock only.
    final class Waiter: @unchecked Sendable {
        let caller: String
        var continuation: UnsafeContinuation<UpstreamGate.Place?, Never>?
        /// Whether it gave up, perhaps before it stood in line.
        var hasGivenUp = false
        /// Counts up from call to call.
        fileprivate(set) var number: UInt64 = 0

        init(_ caller: String) { self.caller = caller }
    }

    private struct Caller {
        /// Its calls under way.
        var inUse = 0
        /// Its calls in line.
        var waiting = 0
        /// The oldest comes first. Some may have given up.
        var line: [Waiter] = []

        var oldest: Waiter? { line.first { $0.continuation != nil } }
    }

    /// The last visit of a caller.
    private struct Visit {
        let caller: String
        var time: MonotonicTime
    }

    /// Calls that may be under way at once, at least 1.
    var limit: Int
    /// Calls under way.
    private(set) var inUse = 0
    /// Calls in line.
    private(set) var waiting = 0
    private var callers: [String: Caller] = [:]
    private var lastNumber: UInt64 = 0
    private var newest: Visit?
    /// The newest visit of another caller than `newest`.
    private var newestOther: Visit?

    /// Calls that may wait; further ones are refused at once.
    static let longestLine = 4_096
    /// Calls of one caller that may always wait, if the line has room.
    private static let alwaysInLine = 4
    /// How long a caller leaves room for another after the other's last call.
    private static let memory = Duration.seconds(600)

    init(limit: Int) { self.limit = limit }

    /// Takes a place for a new call of `caller`, if one is free for it and none of its calls waits.
    mutating func enter(_ caller: String, at now: MonotonicTime) -> Bool {
        note(caller, at: now)
        let own = callers[caller]
        guard own?.waiting ?? 0 == 0, mayEnter(own, at: now) else { return false }
        callers[caller, default: Caller()].inUse += 1
        inUse += 1
        return true
    }

    /// Puts a call in line; false when the line has no room for it.
    mutating func append(_ waiter: Waiter, _ continuation: UnsafeContinuation<UpstreamGate.Place?, Never>) -> Bool {
        let own = callers[waiter.caller]?.waiting ?? 0
        guard !waiter.hasGivenUp, waiting < Self.longestLine,
            own < Self.alwaysInLine || own + 1 <= 3 * (Self.longestLine - waiting - 1)
        else { return false }
        lastNumber += 1
        waiter.number = lastNumber
        waiter.continuation = continuation
        callers[waiter.caller, default: Caller()].line.append(waiter)
        callers[waiter.caller]?.waiting += 1
        waiting += 1
        return true
    }

    /// Takes a call out of the line.
    /// - Returns: what it waits with; `nil` when it does not wait.
    mutating func giveUp(_ waiter: Waiter) -> UnsafeContinuation<UpstreamGate.Place?, Never>? {
        waiter.hasGivenUp = true
        guard let continuation = waiter.continuation else { return nil }
        remove(waiter)
        return continuation
    }

    /// Gives back a place of `caller`.
    mutating func leave(_ caller: String) {
        inUse -= 1
        callers[caller]?.inUse -= 1
        forgetIfAtRest(caller)
    }

    /// Gives the call in line whose turn it is a place, if one is free for it.
    mutating func admit(at now: MonotonicTime) -> (caller: String, continuation: UnsafeContinuation<UpstreamGate.Place?, Never>)? {
        guard waiting > 0, inUse < limit else { return nil }
        var best: (waiter: Waiter, inUse: Int)?
        for caller in callers.values where caller.waiting > 0 && mayEnter(caller, at: now) {
            guard let waiter = caller.oldest else { continue }
            if let best, (best.inUse, best.waiter.number) < (caller.inUse, waiter.number) { continue }
            best = (waiter, caller.inUse)
        }
        guard let waiter = best?.waiter, let continuation = waiter.continuation else { return nil }
        callers[waiter.caller]?.inUse += 1
        inUse += 1
        remove(waiter)
        return (waiter.caller, continuation)
    }

    private func mayEnter(_ caller: Caller?, at now: MonotonicTime) -> Bool {
        guard inUse < limit else { return false }
        guard let own = caller?.inUse, own > 0, isShared(at: now) else { return true }
        return own + 1 <= 3 * (limit - inUse - 1)
    }

    /// Whether more than one caller came lately.
    private func isShared(at now: MonotonicTime) -> Bool { newestOther.map { now - $0.time < Self.memory } ?? false }

    private mutating func note(_ caller: String, at now: MonotonicTime) {
        if newest?.caller != caller { (newestOther, newest) = (newest, Visit(caller: caller, time: now)) }
        newest?.time = now
    }

    private mutating func remove(_ waiter: Waiter) {
        waiter.continuation = nil
        waiting -= 1
        guard let index = callers.index(forKey: waiter.caller) else { return }
        callers.values[index].waiting -= 1
        // Calls that gave up stay in the array until they are as many as those that wait.
        let left = callers.values[index].waiting
        if callers.values[index].line.count >= 2 * left + 16 || left == 0 {
            callers.values[index].line.removeAll { $0.continuation == nil }
        }
        forgetIfAtRest(waiter.caller)
    }

    private mutating func forgetIfAtRest(_ caller: String) {
        if let known = callers[caller], known.inUse == 0, known.waiting == 0 { callers[caller] = nil }
    }
}
