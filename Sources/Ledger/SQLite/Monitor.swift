internal import Glibc

/// State behind a lock, and a sleeper that can be woken: a POSIX mutex and a condition. (`Synchronization.Mutex` has no condition.)
package final class Monitor<State: Sendable>: @unchecked Sendable {
    // POSIX wants both to stay at their addresses.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Touched only with `mutex` held.
    private var state: State

    package init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // A clock that is set must not lengthen a wait.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` with the lock held.
    package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Wakes the sleeper, if there is one.
    package func wake() { pthread_cond_signal(condition) }

    /// Runs `body` with the lock held until it returns something, or once more after `patience` (`nil`: never); sleeps in between.
    /// - Parameter body: is told whether the time is over; what it then returns is final.
    package func waitUntil<Result>(_ patience: Duration?, _ body: (inout State, _ isOver: Bool) -> Result?) -> Result? {
        let deadline = patience.map(Self.deadline)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state, false) { return result }
            if var deadline {
                if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return body(&state, true) }
            } else {
                pthread_cond_wait(condition, mutex)
            }
        }
    }

    private static func deadline(_ patience: Duration) -> timespec {
        let (seconds, attoseconds) = max(patience, .zero).components
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let nanoseconds = now.tv_nsec + Int(attoseconds / 1_000_000_000)
        return timespec(tv_sec: now.tv_sec + Int(seconds) + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    }
}
