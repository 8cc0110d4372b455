import EventLoop
import Synchronization
import Testing

@testable import Upstream

@Suite struct UpstreamGateTests {
    @Test func places_areAsManyAsTheLimit() {
        let gate = UpstreamGate(limit: 2)
        let first = gate.enterNow()
        let second = gate.enterNow()
        #expect(first != nil && second != nil)
        #expect(gate.enterNow() == nil)
        first?.leave()
        first?.leave()
        #expect(gate.inUse == 1, "leaving twice counts once")
        #expect(gate.enterNow() != nil)
        second?.leave()
    }

    @Test func aPlaceThatIsForgotten_isGivenBack() {
        let gate = UpstreamGate(limit: 1)
        do { _ = gate.enterNow() }
        #expect(gate.inUse == 0)
    }

    @Test func whoWaits_getsThePlaceThatIsGivenBack() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 1)
            let held = gate.enterNow()
            let timer = LoopTimer(on: loop) { held?.leave() }
            timer.set(loop.now + .milliseconds(20))
            let place = await gate.enter(until: .now() + .seconds(5), on: loop)
            #expect(place != nil && gate.inUse == 1 && gate.waiting == 0)
        }
    }

    @Test func waiting_endsWithTheDeadline_andTheLimitStays() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 1)
            let held = gate.enterNow()
            #expect(await gate.enter(until: .now() + .milliseconds(20), on: loop) == nil)
            #expect(gate.waiting == 0 && gate.inUse == 1)
            held?.leave()
            #expect(gate.inUse == 0 && gate.enterNow() != nil)
        }
    }

    @Test func waiting_endsWithItsTask() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 1)
            let held = gate.enterNow()
            let task = loop.spawn { #expect(await gate.enter(until: .now() + .seconds(60), on: loop) == nil) }
            while gate.waiting == 0 { await loop.sleep(until: .now() + .milliseconds(1)) }
            task.cancel()
            await task.value
            #expect(gate.waiting == 0)
            held?.leave()
        }
    }

    @Test func aRaisedLimit_letsInThoseInLine() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 1)
            let held = gate.enterNow()
            let timer = LoopTimer(on: loop) { gate.setLimit(2) }
            timer.set(loop.now + .milliseconds(20))
            let place = await gate.enter(until: .now() + .seconds(5), on: loop)
            #expect(place != nil && gate.inUse == 2)
            gate.setLimit(1)
            held?.leave()
            #expect(gate.inUse == 1 && gate.enterNow() == nil, "a lowered limit holds as soon as calls end")
        }
    }

    /// Tasks of several loops come and go; some give up while they wait.
    @Test func onManyLoops_theLimitIsNeverExceeded_andNoPlaceIsLost() async throws {
        let group = try LoopGroup(count: 3)
        let gate = UpstreamGate(limit: 3)
        let most = Atomic(0)
        let done = Atomic(0)
        for (index, loop) in group.loops.enumerated() {
            for number in 0..<100 {
                loop.spawn {
                    let patience = Duration.milliseconds((index + number).isMultiple(of: 3) ? 1 : 20_000)
                    if let place = await gate.enter(until: .now() + patience, on: loop) {
                        most.max(gate.inUse, ordering: .relaxed)
                        await loop.sleep(until: .now() + .microseconds(200))
                        place.leave()
                    }
                    done.add(1, ordering: .relaxed)
                }
            }
        }
        while done.load(ordering: .relaxed) < 300 { try await Task.sleep(for: .milliseconds(5)) }
        group.stopAndWait()
        #expect(most.load(ordering: .relaxed) <= 3)
        #expect(gate.inUse == 0 && gate.waiting == 0)
    }
}
