internal import Glibc
internal import EventLoop
internal import Limits
internal import Policies
internal import Synchronization

/// What is known of one target from the calls made to it: whether it works, how fast it answers, how busy it is. Shared by all loops.
final class TargetHealth: Sendable {
    private struct State {
        var breaker: CircuitBreaker
        /// The end of the target's cooldown.
        var coolsUntil = MonotonicTime(nanoseconds: 0)
        var latency = PeakLatency()
    }

    private let state: Mutex<State>
    private let running = Atomic(0)
    /// What the target has refused of the gateway's additions to requests; no matter of health, and kept as long as it.
    let refusals = RefusalMemory()

    init(_ rules: BreakerRules) { state = Mutex(State(breaker: CircuitBreaker(rules))) }

    /// Why the target takes no call at the moment.
    enum Unavailability: Error, Equatable {
        case open(until: MonotonicTime)
        case cooling(until: MonotonicTime)
    }

    /// Calls in progress.
    var inFlight: Int { running.load(ordering: .relaxed) }

    /// The time to the first byte in milliseconds, decaying from its peaks; `nil` before the first answer.
    var latencyMilliseconds: Double? { state.withLock { $0.latency.milliseconds } }

    /// Whether a call would be let through.
    /// - Parameter prober: the call; `nil` asks for calls in general.
    func unavailability(at now: MonotonicTime, for prober: CircuitBreaker.Prober? = nil) -> Unavailability? {
        state.withLock { state in
            if state.coolsUntil > now { return .cooling(until: state.coolsUntil) }
            return state.breaker.opens(at: now, for: prober).map { .open(until: $0) }
        }
    }

    /// A call that was let through; ends with `ended`.
    struct Ticket: Sendable {
        fileprivate let admission: CircuitBreaker.Admission
        fileprivate let prober: CircuitBreaker.Prober
    }

    /// Lets a call through and counts it; it must be followed by `ended`.
    func begin(at now: MonotonicTime, as prober: CircuitBreaker.Prober) -> Result<Ticket, Unavailability> {
        let result: Result<Ticket, Unavailability> = state.withLock { state in
            if state.coolsUntil > now { return .failure(.cooling(until: state.coolsUntil)) }
            let admission = state.breaker.admit(at: now, as: prober)
            if admission != .refused { return .success(Ticket(admission: admission, prober: prober)) }
            return .failure(.open(until: state.breaker.opens(at: now, for: prober) ?? now))
        }
        if case .success = result { running.add(1, ordering: .relaxed) }
        return result
    }

    /// How a call went, as far as it tells something of the target.
    enum Verdict {
        case success(firstByteMicroseconds: Int64?)
        case failure
        /// It asked for a cooldown, which is not a failure.
        case busy(for: Duration)
        /// The call says nothing about the target: its client left, or the request itself caused the failure.
        case none
    }

    /// Records how a call went.
    func ended(_ verdict: Verdict, _ ticket: Ticket, at now: MonotonicTime) {
        running.subtract(1, ordering: .relaxed)
        state.withLock { state in
            switch verdict {
            case .success(let microseconds):
                state.breaker.succeeded(at: now, for: ticket.prober.team)
                if let microseconds { state.latency.add(Double(microseconds) / 1_000, at: now) }
            case .failure: state.breaker.failed(at: now, for: ticket.prober)
            case .busy(let duration):
                state.breaker.succeeded(at: now, for: ticket.prober.team)
                state.coolsUntil = max(state.coolsUntil, now + min(duration, Self.longestCooling))
            case .none: state.breaker.abandoned(ticket.admission)
            }
        }
    }

    /// What a provider asks for is believed up to here.
    private static let longestCooling = RetryAfter.longest
}

/// A latency that jumps up with every slow answer and comes down slowly: "peak EWMA" as in Finagle and linkerd, with a decay of 10 s.
struct PeakLatency {
    private static let decaySeconds = 10.0
    /// The latency; `nil` before the first answer. Without new answers it stays: a target that is not called does not become faster.
    private(set) var milliseconds: Double?
    private var time = MonotonicTime(nanoseconds: 0)

    mutating func add(_ sample: Double, at now: MonotonicTime) {
        defer { time = now }
        guard let old = milliseconds, sample < old else {
            milliseconds = sample
            return
        }
        let elapsed = Double((now - time).nonNegativeNanoseconds) / 1e9
        let weight = exp(-elapsed / Self.decaySeconds)
        milliseconds = old * weight + sample * (1 - weight)
    }
}
