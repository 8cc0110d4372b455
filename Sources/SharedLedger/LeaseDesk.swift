internal import Core
internal import Limits

/// What this gateway has leased, and what to say to the database about it. Confined to the thread that talks to the database.
///
/// The database is authoritative: its answer becomes the capacity in the tree, so the next answer makes up for one that got lost.
struct LeaseDesk {
    private let tree: LimitTree
    private var entries: [LeasePlace: LeaseEntry] = [:]
    /// Leases that an earlier run has left, kept until the tree has their limits.
    private var inherited: [LeasePlace: (granted: Int64, used: Int64)]
    private var lastReview = ContinuousClock.now
    private let settlingTime: Duration
    /// How often the tree's rules had changed when they were looked at last.
    private var changesSeen: Int
    /// Until then no limit is leased of which nothing was leased before.
    private var settlesUntil: ContinuousClock.Instant?

    /// How long a gateway that has taken other limits leases nothing of a new one: three times as long as gateways keep their reports back
    /// (`PostgreSQLLedger.Settings.interval`), so that those that take it at the same time have told what they have under way. Less than a request waits
    /// for a lease.
    static let usualSettlingTime = Duration.milliseconds(750)

    /// Rows of one round trip.
    static let rowLimit = 512

    /// - Parameter inherited: the leases of this gateway that the database knows.
    init(_ tree: LimitTree, inherited: [InheritedLease], settlingTime: Duration = usualSettlingTime) {
        self.tree = tree
        self.settlingTime = settlingTime
        changesSeen = tree.changes
        let pairs = inherited.map { (LeasePlace(name: $0.name, start: $0.start), (granted: $0.granted, used: $0.used)) }
        self.inherited = Dictionary(pairs) { first, _ in first }
    }

    // MARK: What the tree says

    /// Notes what has changed in the tree.
    mutating func look(at now: WallTime) {
        noteChanges()
        for organization in tree.organizations {
            for state in organization.changedLeases(at: now) { note(state) }
        }
        let moment = ContinuousClock.now
        guard lastReview.duration(to: moment) >= .seconds(1) else { return }
        lastReview = moment
        review(now, moment)
    }

    private mutating func noteChanges() {
        let changes = tree.changes
        guard changes != changesSeen else { return }
        changesSeen = changes
        settlesUntil = .now + settlingTime
    }

    private mutating func note(_ state: LeaseState) {
        let place = LeasePlace(name: state.identity.databaseName, start: state.window.lowerBound)
        guard var entry = entries[place] ?? newEntry(place, state) else { return }
        if state.spent < entry.state.spent {
            entry.forgiven = entry.forgiven.addingSaturated(max(0, entry.state.inDoubt - state.inDoubt))
        }
        let isNews = entry.state != state
        if entry.state.turnedAway != state.turnedAway { entry.isTurnedAway = true }
        entry.state = state
        entry.policy.note(state.spent.addingSaturated(state.held), at: .now)
        entry.isDirty = entry.isDirty || isNews
        entries[place] = entry
    }

    /// `nil` for a limit of which nothing is or was used.
    private mutating func newEntry(_ place: LeasePlace, _ state: LeaseState) -> LeaseEntry? {
        let old = inherited.removeValue(forKey: place)
        if old == nil, state.spent == 0, state.held == 0, state.capacity == 0, state.turnedAway == 0 { return nil }
        var entry = LeaseEntry(state)
        entry.granted = old?.granted ?? 0
        entry.forgotten = max(0, (old?.used ?? 0) - state.spent)
        return entry
    }

    /// Finds slices that lie idle, and forgets windows that are over.
    private mutating func review(_ now: WallTime, _ moment: ContinuousClock.Instant) {
        let horizon = now.microseconds.subtractingSaturated(600_000_000)
        for (place, entry) in entries {
            if !entry.state.isCurrent || entry.state.window.upperBound <= now.microseconds {
                if !entry.isDirty, entry.state.window.upperBound < horizon { entries[place] = nil }
            } else if entry.isForgettable {
                entries[place] = nil
            } else if entry.state.isOfSlots, entry.state.held > 0, entry.state.free == 0 {
                // Only the answer tells whether other gateways want some.
                entries[place]?.isDirty = true
            } else if entry.state.isLeased, entry.policy.surplus(free: entry.state.free, isWanted: entry.isWanted, at: moment) > 0 {
                entries[place]?.isDirty = true
            }
        }
    }

    // MARK: What is said to the database

    /// The rows that report changes to the database, without the needs of requests.
    mutating func report(at now: WallTime) -> LeaseRound {
        var round = LeaseRound()
        for (place, entry) in entries where entry.isDirty && round.rows.count < Self.rowLimit {
            round.rows.append(row(place, entry, now))
        }
        return round
    }

    private func row(_ place: LeasePlace, _ entry: LeaseEntry, _ now: WallTime) -> LeaseRow {
        var row = baseRow(place, entry)
        guard entry.state.isCurrent else {
            // Nothing can be used any more of a window that is over.
            if entry.state.held == 0 { row.returned = LeaseRow.largest }
            return row
        }
        guard entry.state.isLeased else { return row }
        if entry.granted > entry.share {
            row.returned = ceded(entry, now)
            return row
        }
        let surplus = entry.policy.surplus(free: entry.state.free, isWanted: entry.isWanted, at: .now)
        if surplus > 0 {
            row.returned = organization(entry).withdraw(upTo: surplus, from: entry.state.identity, window: entry.state.start, at: now)
        } else {
            row.wished = entry.policy.topUp(free: entry.state.free, at: .now)
        }
        // Calls that began before the limit existed are made known to other gateways by a lease, as far as there is room.
        row.least = entry.uncovered
        // Slots are in use elsewhere: gateways with slots to spare must learn that they are wanted.
        if entry.isTurnedAway, entry.state.isOfSlots, entry.state.free == 0 { row.least = max(1, row.least) }
        return row
    }

    /// The number of slots to give back because other gateways want them. From here on no call begins beyond this gateway's share; calls
    /// that have begun run to their end.
    private func ceded(_ entry: LeaseEntry, _ now: WallTime) -> Int64 {
        let limits = organization(entry)
        limits.setLease(entry.share, of: entry.state.identity, window: entry.state.start, at: now)
        let held = limits.leaseState(of: entry.state.identity, window: entry.state.start, at: now)?.held ?? entry.granted
        return entry.granted - max(entry.share, held)
    }

    private func baseRow(_ place: LeasePlace, _ entry: LeaseEntry) -> LeaseRow {
        LeaseRow(
            name: place.name, window: entry.state.window, ceiling: entry.state.limit,
            used: entry.state.spent.addingSaturated(entry.forgotten), forgiven: entry.forgiven)
    }

    /// The rows for what requests wait for. A need whose window is over counts as met: the request asks again.
    mutating func rows(for needs: [LeaseNeed], at now: WallTime) -> LeaseRound {
        noteChanges()
        let isSettling = settlesUntil.map { .now < $0 } ?? false
        var missing: [LeasePlace: (least: Int64, sum: Int64)] = [:]
        for need in needs {
            let place = LeasePlace(need)
            let known = missing[place]
            missing[place] = (min(known?.least ?? .max, need.missing), (known?.sum ?? 0).addingSaturated(need.missing))
            guard known == nil,
                let state = tree.organization(of: need.identity.scope.path)
                    .leaseState(of: need.identity, window: need.window, at: now)
            else { continue }
            if entries[place] == nil { entries[place] = newEntry(place, state) ?? LeaseEntry(state) }
            note(state)
        }
        var round = LeaseRound()
        for (place, amount) in missing where round.rows.count < Self.rowLimit {
            guard let entry = entries[place], entry.state.isCurrent else { continue }
            if isSettling, entry.granted == 0 {
                round.postponed.insert(place)
                continue
            }
            var row = baseRow(place, entry)
            row.least = max(1, amount.least)
            row.wished = entry.policy.slice(missing: amount.sum, free: entry.state.free)
            round.rows.append(row)
        }
        return round
    }

    /// The limits whose state is to be read without changing anything: those of organizations and teams, and those of keys and users if
    /// wanted.
    func questions(at now: WallTime, withOwn: Bool = false) -> [LeaseState] {
        tree.organizations.flatMap { $0.sharedStates(at: now, withOwn: withOwn) }
    }

    /// Takes in what others have of limits, and whether they want more.
    /// - Parameter answers: to some of `questions`, by name and start.
    mutating func learn(_ questions: [LeaseState], _ answers: [LimitReading], at now: WallTime) {
        let said = Dictionary(answers.map { (LeasePlace(name: $0.name, start: $0.start), $0) }) { first, _ in first }
        for state in questions {
            let place = LeasePlace(name: state.identity.databaseName, start: state.window.lowerBound)
            guard let answer = said[place] else { continue }
            let forgotten = entries[place]?.forgotten ?? 0
            tree.organization(of: state.identity.scope.path).setElsewhere(
                entries[place]?.claimed(answer.elsewhere) ?? answer.elsewhere, spent: answer.spentElsewhere.addingSaturated(forgotten),
                of: state.identity, window: state.start, at: now)
            guard let entry = entries[place], entry.isWanted != answer.isWanted else { continue }
            entries[place]?.isWanted = answer.isWanted
            entries[place]?.isDirty = true
        }
    }

    /// The rows that give back everything unused, because this gateway shuts down.
    mutating func farewell(at now: WallTime) -> LeaseRound {
        look(at: now)
        var round = LeaseRound()
        for (place, entry) in entries {
            var row = baseRow(place, entry)
            row.returned = entry.state.held == 0 ? LeaseRow.largest : entry.state.free
            round.rows.append(row)
        }
        return round
    }

    // MARK: What the database says

    /// Applies the answers to the tree.
    mutating func apply(_ round: LeaseRound, _ answers: [LeaseAnswer], at now: WallTime) {
        for (row, answer) in zip(round.rows, answers) {
            let place = LeasePlace(name: row.name, start: row.window.lowerBound)
            guard var entry = entries[place] else { continue }
            entry.granted = answer.granted
            entry.isWanted = answer.isWanted
            entry.forgiven -= row.forgiven
            entry.share = answer.share ?? .max
            entry.elsewhere = answer.elsewhere
            entry.isDirty = answer.granted > entry.share || entry.uncovered > 0
            entry.isTurnedAway = false
            entries[place] = entry
            guard entry.state.isCurrent else { continue }
            let limits = organization(entry)
            let (identity, start) = (entry.state.identity, entry.state.start)
            // A soft limit has no lease to set. The lease is set first: a request that waits for room must find the lease in place when it
            // is woken because other gateways have less.
            limits.setLease(min(answer.granted - entry.forgotten, entry.share), of: identity, window: start, at: now)
            limits.setElsewhere(
                entry.claimed(answer.elsewhere), spent: answer.spentElsewhere.addingSaturated(entry.forgotten), of: identity, window: start,
                at: now)
        }
    }

    /// Stops using slots when the database has been unreachable for so long that it may give them to other gateways; the next answer
    /// restores them.
    mutating func expireSlots(at now: WallTime) {
        for (place, entry) in entries where entry.state.isOfSlots && entry.state.isCurrent {
            entries[place]?.isDirty = true
            organization(entry).setLease(0, of: entry.state.identity, window: entry.state.start, at: now)
        }
    }

    /// The time for which a gateway that does not reach the database still begins calls within its slots. Calls last ten minutes by
    /// default, so all have ended when the database gives the slots of a gateway away that it has not heard of (``LeaseFunction``).
    static let slotLifetime = Duration.seconds(300)

    /// Removes the needs that were met, and returns the orders that need not wait any longer.
    static func settle(_ orders: inout [LeaseOrder], _ round: LeaseRound, _ answers: [LeaseAnswer]) -> [(LeaseOrder, LeaseOutcome)] {
        var said: [LeasePlace: LeaseAnswer] = [:]
        for (row, answer) in zip(round.rows, answers) { said[LeasePlace(name: row.name, start: row.window.lowerBound)] = answer }
        var finished: [(LeaseOrder, LeaseOutcome)] = []
        var open: [LeaseOrder] = []
        let now = ContinuousClock.now
        for var order in orders {
            let refused = order.unmet.filter { said[LeasePlace($0)].map { $0.given == 0 } ?? false }
            let postponed = order.unmet.filter { round.postponed.contains(LeasePlace($0)) }
            // Others may give back what they do not need; what is spent does not come back.
            let isHopeless = refused.contains { said[LeasePlace($0)]?.idle == 0 } || now >= order.deadline
            order.unmet = refused + postponed
            if order.unmet.isEmpty {
                finished.append((order, .granted))
            } else if isHopeless {
                finished.append((order, .exhausted))
            } else {
                open.append(order)
            }
        }
        orders = open
        return finished
    }

    private func organization(_ entry: LeaseEntry) -> OrganizationLimits { tree.organization(of: entry.state.identity.scope.path) }
}

/// A lease that an earlier run has left.
struct InheritedLease {
    let name: String
    let start: Int64
    let granted: Int64
    let used: Int64
}

/// Rows that go to the database together.
struct LeaseRound {
    var rows: [LeaseRow] = []
    /// Limits that are new and of which nothing is leased yet (``LeaseDesk/usualSettlingTime``).
    var postponed: Set<LeasePlace> = []
}
