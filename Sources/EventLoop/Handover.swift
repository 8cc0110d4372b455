internal import Glibc
internal import Synchronization

/// One value, handed from one thread to another that waits for it.
final class Handover<Value: Sendable>: @unchecked Sendable {
    private let value = Mutex<Value?>(nil)
    private let signal = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(signal, 0, 0) }

    deinit {
        sem_destroy(signal)
        signal.deallocate()
    }

    func put(_ newValue: Value) {
        value.withLock { $0 = newValue }
        sem_post(signal)
    }

    func take() -> Value {
        while true {
            sem_wait(signal)
            if let value = value.withLock({ $0 }) { return value }
        }
    }
}
