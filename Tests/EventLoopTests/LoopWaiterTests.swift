import Testing

@testable import EventLoop

@Suite struct LoopWaiterTests {
    @Test func aWakeUpEndsTheWaitAndIsNotRemembered() async throws {
        let log = try await onLoop { loop in
            let waiter = LoopWaiter(on: loop)
            let log = LoopBound<[String]>([])
            waiter.wake()
            loop.execute {
                log.value.append("waits: \(waiter.isWaiting)")
                waiter.wake()
                waiter.wake()
                log.value.append("woken: \(waiter.isWaiting)")
            }
            await waiter.wait()
            log.value.append("on")
            return log.value
        }
        #expect(log == ["waits: true", "woken: false", "on"])
    }

    @Test(arguments: [true, false])
    func cancellingEndsAWaitThatAllowsIt(isCancelledBefore: Bool) async throws {
        let isCancelled = try await onLoop { loop in
            let waiter = LoopWaiter(on: loop)
            let ended = LoopWaiter(on: loop)
            let seen = LoopBound(false)
            let task = loop.spawn {
                await waiter.waitUnlessCancelled()
                seen.value = Task.isCancelled
                ended.wake()
            }
            if !isCancelledBefore { while !waiter.isWaiting { await Task.yield() } }
            task.cancel()
            await ended.wait()
            return seen.value
        }
        #expect(isCancelled)
    }

    @Test func cancellingDoesNotEndAWaitThatMustHaveItsAnswer() async throws {
        let wasWaiting = try await onLoop { loop in
            let waiter = LoopWaiter(on: loop)
            let task = loop.spawn { await waiter.wait() }
            while !waiter.isWaiting { await Task.yield() }
            task.cancel()
            await nap(loop)
            let wasWaiting = waiter.isWaiting
            waiter.wake()
            await task.value
            return wasWaiting
        }
        #expect(wasWaiting)
    }

    /// The loop hears of a cancellation a round later; by then the task may be in its next wait, or another task in its first.
    @Test func aLateCancellationDoesNotEndTheNextWait() async throws {
        let wasWaiting = try await onLoop { loop in
            let waiter = LoopWaiter(on: loop)
            let first = loop.spawn { await waiter.waitUnlessCancelled() }
            while !waiter.isWaiting { await Task.yield() }
            first.cancel()
            waiter.wake()
            let second = loop.spawn { await waiter.waitUnlessCancelled() }
            await first.value
            await nap(loop)
            let wasWaiting = waiter.isWaiting
            waiter.wake()
            await second.value
            return wasWaiting
        }
        #expect(wasWaiting)
    }

    @Test func aSleepEndsAtItsDeadlineOrWithItsTask() async throws {
        let lengths = try await onLoop { loop in
            let start = MonotonicTime.now()
            await loop.sleep(until: start + .milliseconds(20))
            let whole = MonotonicTime.now() - start
            let task = loop.spawn { await loop.sleep(until: start + .seconds(60)) }
            await nap(loop)
            task.cancel()
            await task.value
            return (whole, MonotonicTime.now() - start)
        }
        #expect(lengths.0 >= .milliseconds(20))
        #expect(lengths.1 < .seconds(30))
    }
}
