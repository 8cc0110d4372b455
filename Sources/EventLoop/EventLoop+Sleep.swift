extension EventLoop {
    /// Waits until `deadline`, or until the task is cancelled. Call it from a task of this loop only.
    public func sleep(until deadline: MonotonicTime) async {
        let sleeper = Sleeper(on: self)
        await withTaskCancellationHandler {
            await sleeper.sleep(until: deadline)
        } onCancel: {
            execute { sleeper.wake() }
        }
    }
}

/// One sleep of one task. Unchecked, because the cancellation handler must be able to name it; it is used on its loop only.
private final class Sleeper: @unchecked Sendable {
    private var timer: LoopTimer?
    private var continuation: UnsafeContinuation<Void, Never>?

    init(on loop: EventLoop) {
        timer = LoopTimer(on: loop) { [weak self] in self?.wake() }
    }

    func sleep(until deadline: MonotonicTime) async {
        // A task that was cancelled before has had its wake-up called already, or will have it called while this one waits.
        if Task.isCancelled { return }
        await withUnsafeContinuation { continuation in
            self.continuation = continuation
            timer?.set(deadline)
        }
        timer?.set(.never)
    }

    func wake() {
        let waiting = continuation
        continuation = nil
        waiting?.resume()
    }
}
