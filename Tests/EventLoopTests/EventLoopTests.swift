import Glibc
import Testing

@testable import EventLoop

/// Runs `body` as a task of a loop with a thread of its own and waits for it.
func onLoop<R: Sendable>(_ body: @escaping @Sendable (EventLoop) async throws -> R) async throws -> R {
    let group = try LoopGroup(count: 1)
    let loop = group.loops[0]
    let result: Result<R, any Error> = await withUnsafeContinuation { continuation in
        loop.spawn {
            do { continuation.resume(returning: .success(try await body(loop))) } catch { continuation.resume(returning: .failure(error)) }
        }
    }
    group.stopAndWait()
    return try result.get()
}

@Suite struct EventLoopTests {
    @Test func aTaskStaysOnItsLoopAcrossSuspensions() async throws {
        let stayed = try await onLoop { loop in
            var stayed = loop.isCurrent
            for _ in 0..<100 {
                await withUnsafeContinuation { continuation in Thread.detach { continuation.resume() } }
                stayed = stayed && loop.isCurrent
            }
            await Task.yield()
            return stayed && loop.isCurrent
        }
        #expect(stayed)
    }

    @Test func timersFireInOrderOfTheirDeadlines() async throws {
        let order = try await onLoop { loop in
            let fired = LoopBound<[Int]>([])
            await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                for (index, milliseconds) in [30, 10, 20, 1].enumerated() {
                    let timer = LoopTimer(on: loop) {
                        fired.value.append(index)
                        if fired.value.count == 4 { done.resume() }
                    }
                    timer.set(loop.now + .milliseconds(milliseconds))
                }
            }
            return fired.value
        }
        #expect(order == [3, 1, 2, 0])
    }

    @Test func aTimerMovedLaterOrOffDoesNotFireAtItsOldDeadline() async throws {
        let log = try await onLoop { loop in
            let fired = LoopBound<[String]>([])
            await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                let off = LoopTimer(on: loop) { fired.value.append("off") }
                let moved = LoopTimer(on: loop) {
                    fired.value.append("moved")
                    done.resume()
                }
                let earlier = LoopTimer(on: loop) { fired.value.append("earlier") }
                let witness = LoopTimer(on: loop) { fired.value.append("witness") }
                off.set(loop.now + .milliseconds(5))
                off.set(.never)
                moved.set(loop.now + .milliseconds(5))
                moved.set(loop.now + .milliseconds(60))
                witness.set(loop.now + .milliseconds(30))
                earlier.set(loop.now + .seconds(60))
                earlier.set(loop.now + .milliseconds(1))
            }
            return fired.value
        }
        #expect(log == ["earlier", "witness", "moved"])
    }

    @Test func aTimerCanBeSetAgainFromItsOwnAction() async throws {
        let count = try await onLoop { loop in
            let fired = LoopBound(0)
            let timer = LoopBound<LoopTimer?>(nil)
            await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                timer.value = LoopTimer(on: loop) {
                    fired.value += 1
                    if fired.value == 5 { done.resume() } else { timer.value?.set(loop.now) }
                }
                timer.value?.set(loop.now)
            }
            timer.value = nil
            return fired.value
        }
        #expect(count == 5)
    }

    @Test func actionsOfOtherThreadsAllRunOnTheLoop() async throws {
        let group = try LoopGroup(count: 2)
        let totals = [LoopBound(0), LoopBound(0)]
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    for number in 0..<1_000 {
                        let loop = group.loops[number % 2]
                        let total = totals[number % 2]
                        loop.execute { if loop.isCurrent { total.value += 1 } }
                    }
                }
            }
        }
        for loop in group.loops { loop.runAndWait {} }
        #expect(totals.map(\.value) == [4_000, 4_000])
        group.stopAndWait()
    }

    /// Two threads hand a baton back and forth through a loop; a wake-up that is lost stops them for ever.
    @Test func noWakeUpIsLost() async throws {
        let group = try LoopGroup(count: 1)
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<4 {
                tasks.addTask {
                    for _ in 0..<5_000 {
                        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in group.loops[0].execute { done.resume() } }
                    }
                }
            }
        }
        group.stopAndWait()
    }

    @Test func anEventOfAnEarlierWatchOnTheSameDescriptorIsDropped() async throws {
        let heard = try await onLoop { loop in
            let old = Recorder()
            let new = Recorder()
            var first: [Int32] = [0, 0]
            pipe(&first)
            write(first[1], "x", 1)
            try loop.watch(first[0], for: .readable, handler: old)
            loop.unwatch(first[0])
            try loop.watch(first[0], for: .readable, handler: new)
            while new.count == 0 { await Task.yield(); await nap(loop) }
            loop.unwatch(first[0])
            close(first[0])
            close(first[1])
            return (old.count, new.count)
        }
        #expect(heard.0 == 0)
        #expect(heard.1 > 0)
    }

    @Test func addressesAreReadAsTheCommandLineWritesThem() {
        #expect(ListenAddress("127.0.0.1:8443") == ListenAddress(host: "127.0.0.1", port: 8443))
        #expect(ListenAddress("http://[::1]:80") == ListenAddress(host: "::1", port: 80, isPlain: true))
        #expect(ListenAddress("[::1]:80")?.description == "[::1]:80")
        for wrong in ["", "8443", "host:", "host:99999", "::1:80", "http://", "ho/st:1", ":80"] {
            #expect(ListenAddress(wrong) == nil, "\(wrong)")
        }
    }

    @Test func durationsSaturateInsteadOfOverflowing() {
        #expect(Duration.seconds(-5).nonNegativeNanoseconds == 0)
        #expect(Duration.seconds(Int64.max).nonNegativeNanoseconds == .max)
        #expect(Duration.microseconds(1).milliseconds == 1)
        #expect(MonotonicTime(nanoseconds: 5) - MonotonicTime(nanoseconds: 9) == .zero)
        #expect(MonotonicTime(nanoseconds: .max - 1) + .seconds(1) == .never)
        #expect(MonotonicTime(nanoseconds: 5).adding(milliseconds: 3) == MonotonicTime(nanoseconds: 3_000_005))
        #expect(MonotonicTime(nanoseconds: 5).adding(milliseconds: -3) == MonotonicTime(nanoseconds: 5))
        #expect(MonotonicTime(nanoseconds: 5).adding(milliseconds: .max) == .never)
        #expect(MonotonicTime(nanoseconds: .max - 5).adding(milliseconds: 1) == .never)
    }
}

@Suite struct MonotonicTimeTests {
    /// A wait that is rounded down would end before its deadline, and be begun again and again until it comes.
    @Test(arguments: [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2), (-5, 0), (7_500_000_000, 7_500)])
    func waitsAreRoundedUp(_ nanoseconds: Int, _ milliseconds: Int) {
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        let end = MonotonicTime(nanoseconds: UInt64(1_000_000_000 + nanoseconds))
        #expect(start.milliseconds(until: end) == milliseconds)
    }
}

/// Suspends for a round of the loop.
func nap(_ loop: EventLoop) async {
    await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
        let timer = LoopTimer(on: loop) { done.resume() }
        timer.set(loop.now + .milliseconds(1))
    }
}

/// A value that only the loop's thread touches.
final class LoopBound<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

final class Recorder: ReadinessHandler, @unchecked Sendable {
    var count = 0
    func ready(_ descriptor: Int32, for readiness: Readiness) { count += 1 }
}

enum Thread {
    static func detach(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(LoopBound(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { box in
                if let box { Unmanaged<LoopBound<@Sendable () -> Void>>.fromOpaque(box).takeRetainedValue().value() }
                return nil
            }, box)
        pthread_detach(thread)
    }
}
