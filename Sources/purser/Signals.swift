internal import Glibc

/// The signals that the gateway obeys, taken one by one on the main thread instead of in a handler, where almost nothing is allowed.
struct Signals {
    enum Order { case end, reload }

    private var set = sigset_t()

    init() {
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
    }

    /// Keeps the signals for `wait`; must be called before any other thread is started.
    mutating func block() { pthread_sigmask(SIG_BLOCK, &set, nil) }

    /// Waits for an order, for at most so long.
    mutating func wait(milliseconds: Int) -> Order? {
        var timeout = timespec(tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
        switch sigtimedwait(&set, nil, &timeout) {
        case SIGTERM, SIGINT: return .end
        case SIGHUP: return .reload
        default: return nil
        }
    }
}
