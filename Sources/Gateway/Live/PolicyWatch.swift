internal import EventLoop
internal import Policies

/// Detects when a change of the policy files is complete: when two checks at least ``interval`` apart find the same. So a file that is
/// being written, copied or renamed has no effect until it is finished.
///
/// Polling, not inotify: it works on every file system, with symbolic links that are swapped and files that are replaced.
struct PolicyWatch {
    /// What a look found.
    enum Sight: Sendable {
        case files(PolicyLook)
        case unreadable(PolicyReadError)

        /// Whether both found the same.
        func agrees(with other: Sight) -> Bool {
            switch (self, other) {
            case (.files(let a), .files(let b)): a.agrees(with: b)
            case (.unreadable(let a), .unreadable(let b)): a == b
            default: false
            }
        }
    }

    /// A change of the policy files that is complete.
    struct Finding: Sendable {
        let sight: Sight
        /// Whether a reload was requested, so that the files are taken even if they are in force.
        let isWanted: Bool
    }

    /// The least time between two looks that agree, in milliseconds.
    static let interval = 200
    /// The same for a file that ends within a line and did not before.
    static let longInterval = 2_000

    private let directory: String
    /// What was taken, or refused, last.
    private var known: Sight
    /// The files in force.
    private(set) var inForce: PolicyLook
    /// A change that is not taken yet, and when it was first seen.
    private var pending: (sight: Sight, since: MonotonicTime)?
    /// Whether the files are to be taken again even if they have not changed.
    private var isWanted = false

    /// Watches the files of `directory`, of which `inForce` are in force.
    init(directory: String, inForce: PolicyLook) {
        self.directory = directory
        self.inForce = inForce
        known = .files(inForce)
    }

    /// Has the files taken again, as soon as two looks agree, whether or not they have changed.
    mutating func want() { isWanted = true }

    /// Puts `look` in force.
    mutating func adopt(_ look: PolicyLook) { inForce = look }

    /// Looks at the files.
    /// - Returns: what they are now, once for each change and each ``want()``; `nil` while nothing has changed or the change is not whole.
    mutating func look(at now: MonotonicTime) -> Finding? {
        guard let sight = sight() else {
            pending = nil
            return nil
        }
        if !isWanted, sight.agrees(with: known) {
            known = sight
            pending = nil
            return nil
        }
        guard let pending, pending.sight.agrees(with: sight) else {
            pending = (sight, now)
            return nil
        }
        guard now - pending.since >= .milliseconds(isUnfinished(sight) ? Self.longInterval : Self.interval) else { return nil }
        defer { (known, isWanted, self.pending) = (sight, false, nil) }
        return Finding(sight: sight, isWanted: isWanted)
    }

    /// The files as they are now; `nil` when they changed during the look.
    private func sight() -> Sight? {
        do throws(PolicyReadError) {
            // Reading is needed only where the stamps have changed, or are so young that they might not tell.
            if !isWanted, pending == nil, case .files(let look) = known, look.isRested, try PolicyDirectory.stamps(directory) == look.stamps
            {
                return known
            }
            return try PolicyDirectory.look(directory).map { .files($0) }
        } catch {
            return .unreadable(error)
        }
    }

    private func isUnfinished(_ sight: Sight) -> Bool {
        if case .files(let look) = sight { look.mayBeUnfinished(since: inForce) } else { false }
    }
}
