internal import Glibc
internal import EventLoop
internal import Policies
internal import Synchronization

/// What is known of one target from the calls made to it: whether it works, how fast it answers, how busy it is. Shared by all loops.
final class TargetHealth: Sendable {
    private struct State {
        var breaker: CircuitBreaker
        /// The target asked to be left alone until then.
        var coolsUntil = MonotonicTime(nanoseconds: 0)
        var latency = PeakLatency()
    }

    private let state: Mutex<State>
    private let running = Atomic(0)

    init(_ rules: BreakerRules) { state = Mutex(State(breaker: CircuitBreaker(rules))) }

    /// Why the target takes no call at the moment.
    enum Objection: Equatable {
        case open(until: MonotonicTime)
        case cooling(until: MonotonicTime)
    }

    /// Calls in progress.
    var inFlight: Int { running.load(ordering: .relaxed) }

    /// The time to the first byte in milliseconds, decaying from its peaks; `nil` before the first answer.
    var latencyMilliseconds: Double? { state.withLock { $0.latency.milliseconds } }

    /// Whether a call would be let through.
    func objection(at now: MonotonicTime) -> Objection? {
        state.withLock { state in
            if state.coolsUntil > now { return .cooling(until: state.coolsUntil) }
            return state.breaker.opens(at: now).map { .open(until: $0) }
        }
    }

    /// Lets a call through and counts it; it must be followed by `ended`.
    func begin(at now: MonotonicTime) -> Objection? {
        let objection: Objection? = state.withLock { state in
            if state.coolsUntil > now { return .cooling(until: state.coolsUntil) }
            if state.breaker.admit(at: now) { return nil }
            return .open(until: state.breaker.opens(at: now) ?? now)
        }
        if objection == nil { running.add(1, ordering: .relaxed) }
        return objection
    }

    /// How a call went, as far as it tells something of the target.
    enum Verdict {
        case success(firstByteMicroseconds: Int64?)
        case failure
        /// It asked to be left alone; that is no failure.
        case busy(for: Duration)
        /// The call tells nothing: nobody waited for its end.
        case none
    }

    /// Takes down how a call went.
    func ended(_ verdict: Verdict, at now: MonotonicTime) {
        running.subtract(1, ordering: .relaxed)
        state.withLock { state in
            switch verdict {
            case .success(let microseconds):
                state.breaker.succeeded(at: now)
                if let microseconds { state.latency.add(Double(microseconds) / 1_000, at: now) }
            case .failure: state.breaker.failed(at: now)
            case .busy(let duration):
                state.breaker.succeeded(at: now)
                state.coolsUntil = max(state.coolsUntil, now + min(duration, Self.longestCooling))
            case .none: state.breaker.abandoned()
            }
        }
    }

    /// What a provider asks for is believed up to here.
    private static let longestCooling = Duration.seconds(3_600)
}

/// A latency that jumps up with every slow answer and comes down slowly: "peak EWMA" as in Finagle and linkerd, with a decay of 10 s.
struct PeakLatency {
    private static let decaySeconds = 10.0
    /// The latency; `nil` before the first answer. Without new answers it stays: a target that nobody asks does not become faster.
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
