internal import Glibc

/// The signals that the gateway handles. They are taken one by one on the main thread, because a signal handler may do almost nothing.
struct Signals {
    enum Order { case end, reload }

    private var set = sigset_t()

    init() {
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
    }

    /// Blocks the signals, so that `wait` gets them. Must be called before any other thread is started.
    mutating func block() { pthread_sigmask(SIG_BLOCK, &set, nil) }

    /// Waits for a signal, for at most this long.
    mutating func wait(milliseconds: Int) -> Order? {
        var timeout = timespec(tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
        switch sigtimedwait(&set, nil, &timeout) {
        case SIGTERM, SIGINT: return .end
        case SIGHUP: return .reload
        default: return nil
        }
    }
}
