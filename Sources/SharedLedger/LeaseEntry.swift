internal import Core
internal import Limits

/// What this gateway has leased of one limit in one window, as it and the database know it.
struct LeaseEntry {
    var state: LeaseState
    var policy: any SupplyPolicy
    /// The amount granted, as of the last answer of the database.
    var granted: Int64 = 0
    /// What an earlier run has used and this one does not know of: its records are gone. Counts as used.
    var forgotten: Int64 = 0
    /// What others have spent or leased, as the database said last.
    var elsewhere: Int64 = 0
    /// Refunds that the database has not heard of.
    var forgiven: Int64 = 0
    var isWanted = false
    /// Of slots: no more than these may be used, for others want some.
    var share = Int64.max
    /// Requests on this gateway were refused, or are waiting, because other gateways hold the remaining quota.
    var isTurnedAway = false
    /// The tree and the database differ.
    var isDirty = true

    init(_ state: LeaseState) {
        self.state = state
        policy = state.isOfSlots ? SlotPolicy() : SlicePolicy()
    }
}

/// One limit in one window.
struct LeasePlace: Hashable {
    let name: String
    let start: Int64
}

extension LeasePlace {
    init(_ need: LeaseNeed) { self.init(name: need.identity.databaseName, start: need.window?.microseconds ?? .min) }
}

extension LeaseEntry {
    /// The amount that this gateway cannot use when others have leased or spent `elsewhere`: what was forgotten here counts too, and so do
    /// slots beyond this gateway's share.
    func claimed(_ elsewhere: Int64) -> Int64 {
        max(elsewhere.addingSaturated(forgotten), state.limit.subtractingSaturated(share))
    }

    /// How much of what is under way is not leased and can be: calls that had begun before the limit came into force.
    var uncovered: Int64 {
        guard state.isCurrent, state.isLeased else { return 0 }
        let used = state.spent.addingSaturated(forgotten)
        let missing = state.held.subtractingSaturated(max(0, granted.subtractingSaturated(used)))
        let room = state.limit.subtractingSaturated(elsewhere).subtractingSaturated(max(granted, used))
        return max(0, min(missing, room))
    }

    /// Whether nothing is lost when the entry is removed: true of slots that are not in use. Entries of other limits are removed with their
    /// windows.
    var isForgettable: Bool { state.isOfSlots && !isDirty && granted == 0 && state.held == 0 && state.capacity == 0 }
}

extension LeaseState {
    var isOfSlots: Bool { identity.kind == .concurrent }

    var start: WallTime? { window.lowerBound == .min ? nil : WallTime(microseconds: window.lowerBound) }
}
