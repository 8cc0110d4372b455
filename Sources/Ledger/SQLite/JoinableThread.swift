internal import Glibc
internal import Synchronization

/// A thread of the operating system that runs one function. Signals stay with the other threads.
package final class JoinableThread: Sendable {
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private let handle: Mutex<pthread_t?>

    /// Starts the thread.
    /// - Parameter name: at most 15 bytes, for debuggers and `top`.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(LedgerFailure) {
        var every = sigset_t()
        var before = sigset_t()
        sigfillset(&every)
        pthread_sigmask(SIG_BLOCK, &every, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                nameThisThread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard error == 0 else {
            start.release()
            throw .cannotOpen(path: "thread \(name)", detail: String(cString: strerror(error)))
        }
        handle = Mutex(thread)
    }

    /// Waits for the end of the thread; the second time, and from the thread itself, returns at once.
    package func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread, pthread_equal(thread, pthread_self()) == 0 { pthread_join(thread, nil) }
    }
}

/// For debuggers and `top`; nothing depends on it. (`pthread_setname_np` is hidden from Swift.)
private func nameThisThread(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, name, name.utf8.count)
    _ = close(descriptor)
}

/// Carries a value to a thread, which is its only user from then on.
package final class ThreadArgument<Value>: @unchecked Sendable {
    private var value: Value?

    package init(_ value: Value) { self.value = value }

    /// Called once, on the thread; starting it orders this after `init`.
    package func take() -> Value? {
        defer { value = nil }
        return value
    }
}

/// The failure that a thread ended with, for the thread that joins it; `nil` when it finished its work.
package final class ThreadResult: Sendable {
    private let failure = Mutex<LedgerFailure?>(nil)

    package init() {}

    package func set(_ failure: LedgerFailure?) { self.failure.withLock { $0 = failure } }

    package func take() -> LedgerFailure? {
        failure.withLock { failure in
            defer { failure = nil }
            return failure
        }
    }
}
