public import EventLoop
internal import Glibc
internal import Logging

/// Monitors memory and refusals: keeps the budget's readings and state, returns memory to the system, and logs when a state or refusals
/// begin and end.
///
/// Belongs to the thread that calls `look`.
public final class MemoryWatch {
    private let budget: MemoryBudget
    private let places: RequestPlaces
    private let log: Logger
    private let resident = ResidentMemory()
    private let trim: () -> Void
    private let stateChanged: (MemoryState) -> Void
    private var trimming = TrimRule()
    private var refusals = MemoryBudget.Refusals()
    private var memoryEpisode = RefusalEpisode()
    private var requestEpisode = RefusalEpisode()

    /// Makes a watch over `gateway`.
    /// - Parameters:
    ///   - trim: gives freed heap pages back to the system.
    ///   - stateChanged: called with every new state.
    public init(_ gateway: Gateway, trim: @escaping () -> Void, stateChanged: @escaping (MemoryState) -> Void) {
        budget = gateway.memory
        places = gateway.places
        log = gateway.log
        self.trim = trim
        self.stateChanged = stateChanged
    }

    /// Takes a reading. To be called about ten times a second.
    public func look(at now: MonotonicTime) {
        let refusals = budget.refusals
        let known = self.refusals
        self.refusals = refusals
        budget.note(resident: resident.bytes)
        trimIfDue(isWanted: refusals != known, at: now)
        var state = budget.watermarks.next(after: budget.state, used: budget.used)
        // Not even a small request had room.
        if refusals.small > known.small { state = .exhausted }
        let before = budget.state
        budget.enter(state)
        if state != before { tell(state) }
        tell(memoryEpisode.note(refusals.all, at: now), because: "memory")
        tell(requestEpisode.note(places.refused, at: now), because: "requests")
    }

    private func trimIfDue(isWanted: Bool, at now: MonotonicTime) {
        let isWanted = isWanted || budget.state != .enough
        guard trimming.isDue(resting: budget.restingBytes, limit: budget.limit, isWanted: isWanted, at: now) else { return }
        trim()
        budget.note(resident: resident.bytes)
        trimming.trimmed(to: budget.restingBytes, at: now)
    }

    private func tell(_ state: MemoryState) {
        let facts: Logger.Metadata = [
            "used": "\(MemorySize.text(budget.used))", "at_rest": "\(MemorySize.text(budget.restingBytes))",
            "max_memory": "\(MemorySize.text(budget.limit))",
        ]
        stateChanged(state)
        switch state {
        case .enough: log.notice("memory is enough again", metadata: facts)
        case .scarce: log.warning("memory is scarce: connections are not kept", metadata: facts)
        case .exhausted: log.warning("memory is exhausted: requests are refused", metadata: facts)
        }
    }

    private func tell(_ event: RefusalEpisode.Event?, because reason: String) {
        switch event {
        case .began: log.warning("overload: requests are being refused", metadata: ["because": "\(reason)"])
        case .ended(let count):
            log.notice("overload is over", metadata: ["because": "\(reason)", "refused": "\(count)"])
        case nil: break
        }
    }
}

/// Reads how much memory the process has: its resident set, from `/proc/self/statm` (proc(5)).
final class ResidentMemory {
    private let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    private let pageSize = sysconf(Int32(_SC_PAGESIZE))

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The resident set in bytes; 0 without such a file: then only promises count.
    var bytes: Int {
        var text = [UInt8](repeating: 0, count: 128)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return 0 }
        let fields = String(decoding: text.prefix(count), as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * pageSize : 0
    }
}
