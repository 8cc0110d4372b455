internal import CLinux
internal import Glibc

/// A thread that repeats an action for as long as the process lives.
final class Ticker {
    private let name: String
    private let microseconds: UInt32
    private let action: () -> Void

    private init(_ name: String, _ microseconds: UInt32, _ action: @escaping () -> Void) {
        self.name = name
        self.microseconds = microseconds
        self.action = action
    }

    /// Starts a thread named `name` that repeats `action` with a pause after each.
    /// - Returns: false when no thread could be started.
    static func start(_ name: String, every microseconds: UInt32, _ action: sending @escaping () -> Void) -> Bool {
        var thread = pthread_t()
        // Retained here and released by the thread: in between, C passes the ticker as a plain pointer.
        let carried = Unmanaged.passRetained(Ticker(name, microseconds, action)).toOpaque()
        let failure = pthread_create(
            &thread, nil,
            { carried in
                guard let carried else { return nil }
                Unmanaged<Ticker>.fromOpaque(carried).takeRetainedValue().run()
            }, carried)
        guard failure == 0 else {
            Unmanaged<Ticker>.fromOpaque(carried).release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func run() -> Never {
        purser_name_thread(name)
        while true {
            action()
            usleep(microseconds)
        }
    }
}
