/// The state of a gateway's memory.
public enum MemoryState: Int, Sendable {
    /// Memory is sufficient.
    case enough
    /// Memory is scarce: connections are not kept, idle ones are closed, and send buffers are small.
    case scarce
    /// Memory is exhausted: new requests are refused.
    case exhausted

    /// The word in `/readyz`.
    var name: String {
        switch self {
        case .enough: "ok"
        case .scarce: "scarce"
        case .exhausted: "exhausted"
        }
    }
}

/// The levels of use at which the state changes, with hysteresis.
struct MemoryWatermarks {
    /// The bound on the process's memory, in bytes.
    let limit: Int

    /// From here on memory is scarce. Large bodies are let in up to here.
    var scarce: Int { part(90) }
    /// From here on nothing more is let in.
    var exhausted: Int { part(95) }

    /// The state that follows `state` when `used` bytes are in use or promised.
    func next(after state: MemoryState, used: Int) -> MemoryState {
        if used >= exhausted || (state == .exhausted && used >= scarce) { return .exhausted }
        if used >= scarce || (state != .enough && used >= part(85)) { return .scarce }
        return .enough
    }

    /// That many hundredths of the limit.
    private func part(_ percent: Int) -> Int { limit / 100 * percent }
}
