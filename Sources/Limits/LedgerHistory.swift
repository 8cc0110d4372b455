/// A place in the journal of one loop: which record it was.
public struct JournalMark: Hashable, Sendable {
    /// The loop's number.
    public let journal: Int
    /// The number of the record's frame in that journal.
    public let sequence: Int64

    /// Names a place.
    public init(journal: Int, sequence: Int64) {
        self.journal = journal
        self.sequence = sequence
    }
}

/// Up to which record of each journal something has been read.
public struct JournalReach: Hashable, Sendable {
    /// The last frame that was read, by the number of the loop.
    public var last: [Int: Int64]

    /// Makes a reach.
    public init(_ last: [Int: Int64] = [:]) { self.last = last }

    /// Whether the record at `mark` was read.
    func includes(_ mark: JournalMark) -> Bool { last[mark.journal].map { mark.sequence <= $0 } ?? false }
}

/// A charge in a window that is not read yet.
struct LateCharge {
    let window: UInt32
    let amount: Int64
    /// The record of the call; `nil`: it has none, so that no reading has it.
    let mark: JournalMark?
}

/// Up to where the reading of a window went.
struct WindowFence {
    let window: UInt32
    let reach: JournalReach
}

/// What one limit book knows of the ledger.
struct LedgerHistory {
    /// Whether there is a ledger to read; without one windows begin at nothing.
    var isKept = false
    /// No record that this book does not know was made later, in microseconds since 1970.
    private var latest = Int64.min
    /// When the ledger was read: keys and users that nothing is known of have spent nothing in the windows of these moments.
    private var readings: [Int64] = []

    private static let remembered = 8

    /// Begins to read windows from the ledger whose latest record is of the time `latest`.
    mutating func begin(latest: Int64) {
        isKept = true
        self.latest = max(self.latest, latest)
    }

    /// From now on windows up to `time` may be entered again that are forgotten here.
    mutating func clockWasSetBack(from time: Int64) { latest = max(latest, time) }

    /// Whether the ledger may know of spending in a window that begins at `start` and is not remembered here.
    func mayHaveSpending(since start: Int64) -> Bool { isKept && start <= latest }

    /// The same of a key or user of which nothing is known.
    func mayHaveUnknownSpending(in window: WindowCount) -> Bool {
        mayHaveSpending(since: window.start) && !readings.contains { window.contains($0) }
    }

    /// Whether keys and users that nothing is known of may have spent something in any window.
    var hasNoReading: Bool { isKept && readings.isEmpty }

    /// Other rules may ask for more than was read, and for what was spent until now without them.
    mutating func rulesHaveChanged(at time: Int64) {
        readings = []
        latest = max(latest, time)
    }

    mutating func noteReading(at time: Int64) {
        readings.append(time)
        if readings.count > Self.remembered { readings.removeFirst() }
    }
}
