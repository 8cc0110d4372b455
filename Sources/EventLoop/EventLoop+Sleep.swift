extension EventLoop {
    /// Waits until `deadline`, or until the task is cancelled. Call it from a task of this loop only.
    public func sleep(until deadline: MonotonicTime) async {
        if Task.isCancelled { return }
        let waiter = LoopWaiter(on: self)
        let timer = LoopTimer(on: self) { waiter.wake() }
        timer.set(deadline)
        await waiter.waitUnlessCancelled()
        timer.set(.never)
    }
}
