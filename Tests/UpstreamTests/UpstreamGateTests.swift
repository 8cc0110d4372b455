import EventLoop
import Synchronization
import Testing

@testable import Upstream

@Suite struct UpstreamGateTests {
    @Test func places_areAsManyAsTheLimit() {
        let gate = UpstreamGate(limit: 2)
        let first = gate.enterNow(as: "a")
        let second = gate.enterNow(as: "a")
        #expect(first != nil && second != nil)
        #expect(gate.enterNow(as: "a") == nil)
        first?.leave()
        first?.leave()
        #expect(gate.inUse == 1, "leaving twice counts once")
        #expect(gate.enterNow(as: "a") != nil)
        second?.leave()
    }

    @Test func aPlaceThatIsForgotten_isGivenBack() {
        let gate = UpstreamGate(limit: 1)
        do { _ = gate.enterNow(as: "a") }
        #expect(gate.inUse == 0)
    }

    @Test func whoWaits_getsThePlaceThatIsGivenBack() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 1)
            let held = gate.enterNow(as: "a")
            let timer = LoopTimer(on: loop) { held?.leave() }
            timer.set(loop.now + .milliseconds(20))
            let place = await gate.enter(as: "a", until: .now() + .seconds(5), on: loop)
            #expect(place != nil && gate.inUse == 1 && gate.waiting == 0)
        }
    }

    @Test func waiting_endsWithTheDeadline_andTheLimitStays() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 1)
            let held = gate.enterNow(as: "a")
            #expect(await gate.enter(as: "a", until: .now() + .milliseconds(20), on: loop) == nil)
            #expect(gate.waiting == 0 && gate.inUse == 1)
            held?.leave()
            #expect(gate.inUse == 0 && gate.enterNow(as: "a") != nil)
        }
    }

    @Test func waiting_endsWithItsTask() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 1)
            let held = gate.enterNow(as: "a")
            let task = loop.spawn { #expect(await gate.enter(as: "a", until: .now() + .seconds(60), on: loop) == nil) }
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
            let held = gate.enterNow(as: "a")
            let timer = LoopTimer(on: loop) { gate.setLimit(2) }
            timer.set(loop.now + .milliseconds(20))
            let place = await gate.enter(as: "a", until: .now() + .seconds(5), on: loop)
            #expect(place != nil && gate.inUse == 2)
            gate.setLimit(1)
            held?.leave()
            #expect(gate.inUse == 1 && gate.enterNow(as: "a") == nil, "a lowered limit holds as soon as calls end")
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
                    if let place = await gate.enter(as: "\(number % 5)", until: .now() + patience, on: loop) {
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

    // MARK: Several callers

    @Test func aCallerThatIsAlone_hasAllPlaces() {
        let gate = UpstreamGate(limit: 8)
        let places = (0..<8).compactMap { _ in gate.enterNow(as: "a") }
        #expect(places.count == 8)
        withExtendedLifetime(places) { #expect(gate.enterNow(as: "b") == nil) }
    }

    @Test(arguments: [(1, 1), (2, 1), (3, 2), (4, 3), (8, 6), (256, 192)])
    func besideAnother_aCallerLeavesAQuarter(limit: Int, share: Int) {
        let gate = UpstreamGate(limit: limit)
        gate.enterNow(as: "b")?.leave()
        let places = (0..<limit).compactMap { _ in gate.enterNow(as: "a") }
        #expect(places.count == share)
        if limit > 1 { #expect(gate.enterNow(as: "b") != nil) }
        withExtendedLifetime(places) {}
    }

    @Test func aFreePlace_goesToTheCallerWithTheFewest_andAmongEqualsToTheOldestCall() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 2)
            var held = [gate.enterNow(as: "a"), gate.enterNow(as: "a")]
            let order = Mutex<[String]>([])
            var tasks: [Task<Void, Never>] = []
            for caller in ["a", "a", "b", "c"] {
                let before = gate.waiting
                tasks.append(
                    loop.spawn {
                        let place = await gate.enter(as: caller, until: .now() + .seconds(10), on: loop)
                        order.withLock { $0.append(place == nil ? "none" : caller) }
                    })
                while gate.waiting == before { await loop.sleep(until: .now() + .milliseconds(1)) }
            }
            held.removeAll()
            for task in tasks { await task.value }
            #expect(order.withLock(\.self) == ["b", "a", "c", "a"] && gate.waiting == 0)
        }
    }

    @Test func aCallerThatKeepsItsPlaces_keepsNobodyOut() async throws {
        try await onLoop { loop in
            let gate = UpstreamGate(limit: 4)
            var held = (0..<4).compactMap { _ in gate.enterNow(as: "a") }
            let line = (0..<20).map { _ in loop.spawn { _ = await gate.enter(as: "a", until: .now() + .seconds(60), on: loop) } }
            while gate.waiting < 20 { await loop.sleep(until: .now() + .milliseconds(1)) }
            #expect(gate.enterNow(as: "b") == nil)
            held.removeLast()
            #expect(gate.enterNow(as: "b") != nil, "the place that a caller gave back is left to the others")
            #expect(gate.waiting == 20)
            for task in line { task.cancel() }
            for task in line { await task.value }
            #expect(gate.waiting == 0 && gate.inUse == 3)
        }
    }
}
