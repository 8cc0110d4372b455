/// The place where one task of a loop waits until something on the same loop wakes it.
///
/// A wake-up is not stored: the task checks its condition first, and only then waits. Nothing can happen in between, because the waker runs
/// on the same loop. Belongs to its loop; unchecked, because a cancellation handler must be able to refer to it.
public final class LoopWaiter: @unchecked Sendable {
    private let loop: EventLoop
    private var continuation: UnsafeContinuation<Void, Never>?
    /// Counts the waits, so that a cancellation that comes late does not end the wait after its own.
    private var turn: UInt64 = 0

    /// Makes a waiter for tasks of `loop`.
    public init(on loop: EventLoop) { self.loop = loop }

    /// Whether a task waits.
    @inline(__always)
    public var isWaiting: Bool { continuation != nil }

    /// Waits for ``wake()``, however long that takes; cancelling the task does not end it. No other task may wait here.
    public func wait() async {
        turn &+= 1
        await withUnsafeContinuation { keep($0) }
    }

    /// Waits for ``wake()`` or for the task to be cancelled. No other task may wait here.
    public func waitUnlessCancelled() async {
        turn &+= 1
        let own = turn
        await withTaskCancellationHandler {
            await withUnsafeContinuation { keep($0) }
        } onCancel: {
            // A task may be cancelled from any thread. One that was cancelled before is woken as soon as it waits.
            loop.execute { if self.turn == own { self.wake() } }
        }
    }

    /// Resumes the waiting task; does nothing if none waits. Call it on the loop.
    public func wake() {
        guard let continuation else { return }
        self.continuation = nil
        continuation.resume()
    }

    private func keep(_ continuation: UnsafeContinuation<Void, Never>) {
        assert(!isWaiting, "one task waits here already")
        self.continuation = continuation
    }
}
