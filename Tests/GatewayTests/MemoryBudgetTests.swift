import Chat
import EventLoop
import HTTPServer
import Synchronization
import Testing

@testable import Gateway

private let mebibyte = 1 << 20

@Suite struct MemoryBudgetTests {
    @Test func aRequestTakesAFixedPartAndItsBodyTwice() throws {
        let budget = MemoryBudget(limit: 512 * mebibyte)
        let share = budget.share()
        let before = budget.used
        let request = try #require(RequestMemory(.length(8 * mebibyte), of: share))
        #expect(budget.used - before == 64 * 1_024 + 16 * mebibyte)
        request.end()
        #expect(budget.used <= 2 * mebibyte, "nothing is left but the loop's credit")
    }

    /// Ten thousand bodies of 32 MiB at once: as many are let in as have room, before a byte of them has come.
    @Test func whatIsPromisedCountsBeforeItComes() {
        let budget = MemoryBudget(limit: 1_024 * mebibyte)
        let share = budget.share()
        budget.note(resident: 100 * mebibyte)
        let admitted = (0..<10_000).compactMap { _ in RequestMemory(.length(32 * mebibyte), of: share) }
        #expect(admitted.count == (1_024 * 90 / 100 - 100) / 64)
        #expect(budget.used <= budget.watermarks.scarce)
        for request in admitted { request.end() }
        #expect(RequestMemory(.length(32 * mebibyte), of: share) != nil)
    }

    @Test func aStreamTakesRoomForItsBuffers() throws {
        let budget = MemoryBudget(limit: 512 * mebibyte)
        let share = budget.share()
        budget.note(resident: 20 * mebibyte)
        var streams: [RequestMemory] = []
        while var stream = RequestMemory(.none, of: share), stream.addStream() {
            stream.redeem()
            streams.append(stream)
        }
        #expect(streams.count >= 2_470 && streams.count <= 2_487, "(95 % of 512 MiB - 20 MiB) / 192 KiB")
        budget.note(resident: (20 + streams.count / 16) * mebibyte)
        #expect(budget.used <= budget.watermarks.exhausted + mebibyte, "64 KiB of each are there, and the rest is still promised")
        for stream in streams { stream.end() }
        budget.note(resident: 20 * mebibyte)
        #expect(budget.used <= 22 * mebibyte)
    }

    @Test func whatABodyDidNotNeedIsGivenBack() throws {
        let budget = MemoryBudget(limit: 512 * mebibyte)
        let share = budget.share()
        var request = try #require(RequestMemory(.chunked, of: share))
        let isTaken = request.receive(2_000_000) && request.receive(2_100_000)
        #expect(isTaken)
        #expect(request.promised == RequestMemory.fixedPart + 2 * 4_000_000)
        request.redeem()
        #expect(request.promised == RequestMemory.fixedPart + 2 * 2_100_000)
        request.end()
        #expect(budget.used <= 2 * mebibyte)
    }

    @Test func smallRequestsFindRoomWhereLargeOnesDoNot() throws {
        let budget = MemoryBudget(limit: 512 * mebibyte)
        let share = budget.share()
        var held: [RequestMemory] = []
        while let request = RequestMemory(.length(4 * mebibyte), of: share) { held.append(request) }
        #expect(RequestMemory(.length(257 * 1_024), of: share) != nil, "a smaller large one still fits in")
        let small = try #require(RequestMemory(.length(2_000), of: share))
        #expect(held.count > 40)
        small.end()
    }

    @Test func smallRequestsEndAtTheLastMark() {
        let budget = MemoryBudget(limit: 64 * mebibyte)
        let share = budget.share()
        var held: [RequestMemory] = []
        while let request = RequestMemory(.none, of: share) { held.append(request) }
        #expect(budget.used <= budget.watermarks.exhausted && budget.used > budget.watermarks.exhausted - 2 * RequestMemory.fixedPart)
        held.popLast()?.end()
        #expect(RequestMemory(.none, of: share) != nil, "room that was given back is there again")
    }

    /// What has come is in the resident set already: it must not count twice, nor what has not come be forgotten.
    @Test func whatHasComeCountsOnce() throws {
        let budget = MemoryBudget(limit: 1_024 * mebibyte)
        let share = budget.share()
        budget.note(resident: 50 * mebibyte)
        var request = try #require(RequestMemory(.length(32 * mebibyte), of: share))
        let promised = budget.used
        let isTaken = request.receive(20 * mebibyte)
        #expect(isTaken)
        budget.note(resident: 70 * mebibyte + RequestMemory.fixedPart)
        #expect(budget.used == promised, "20 MiB have come, and 44 are still to come")
        let isTakenWhole = request.receive(32 * mebibyte)
        #expect(isTakenWhole)
        request.redeem()
        budget.note(resident: 114 * mebibyte + RequestMemory.fixedPart)
        #expect(budget.used == promised)
        request.end()
        #expect(budget.used <= 50 * mebibyte + 2 * mebibyte)
        budget.note(resident: 114 * mebibyte)
        #expect(budget.restingBytes == 114 * mebibyte, "what the allocator keeps is in use until it is given back")
    }

    @Test func aBodyOfUnknownLengthTakesMoreAsItGrows() throws {
        let budget = MemoryBudget(limit: 64 * mebibyte)
        let share = budget.share()
        budget.note(resident: 30 * mebibyte)
        var request = try #require(RequestMemory(.chunked, of: share))
        var size = 0
        while size < 64 * mebibyte, request.receive(size + 32 * 1_024) { size += 32 * 1_024 }
        #expect(size == 8 * mebibyte, "27 MiB were left: 16 for this and its copy, but not 32 for twice as much")
        #expect(budget.used <= budget.watermarks.scarce)
        request.end()
        #expect(budget.used <= 30 * mebibyte + 1 * mebibyte)
    }

    /// As many as it takes, not all of them: large ones, of which not everything has come.
    @Test func largeBodiesAreGivenUpWhenMemoryIsExhausted() throws {
        let budget = MemoryBudget(limit: 256 * mebibyte)
        let share = budget.share()
        var large = try (0..<10).map { _ in try #require(RequestMemory(.length(4 * mebibyte), of: share)) }
        var small = try #require(RequestMemory(.length(100_000), of: share))
        func receive(_ bytes: Int) -> [Bool] { large.indices.map { large[$0].receive(bytes) } }
        #expect(receive(300_000).allSatisfy { $0 })
        // Something else has grown: 20 MiB more are in use than may be, and each body holds 8.
        budget.note(resident: budget.watermarks.scarce + 20 * mebibyte - budget.used)
        #expect(budget.used >= budget.watermarks.exhausted)
        budget.enter(.exhausted)
        let smallFits = small.receive(82_000)
        #expect(smallFits)
        #expect(receive(332_000).count { !$0 } == 3)
        #expect(receive(364_000).allSatisfy { $0 }, "until the next reading that is enough")
        budget.enter(.exhausted)
        #expect(receive(396_000).contains(false))
        budget.enter(.scarce)
        #expect(receive(428_000).allSatisfy { $0 })
    }

    /// Loops on threads of their own, requests of any size: the promises never exceed the mark, and all of them come back.
    @Test func manyLoopsKeepTheBound() async {
        let budget = MemoryBudget(limit: 256 * mebibyte)
        budget.note(resident: 40 * mebibyte)
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            for loop in 0..<4 {
                group.addTask {
                    let share = budget.share()
                    var generator = SplitMix64(state: UInt64(loop))
                    var own: [RequestMemory] = []
                    for _ in 0..<20_000 {
                        let size = Int.random(in: 0...3, using: &generator) == 0 ? 4 * mebibyte : 3_000
                        if let request = RequestMemory(.length(size), of: share) {
                            own.append(request)
                            tally.add(request.promised)
                        }
                        while own.count > 40 || (!own.isEmpty && Int.random(in: 0...2, using: &generator) == 0) {
                            let request = own.remove(at: Int.random(in: 0..<own.count, using: &generator))
                            tally.add(-request.promised)
                            request.end()
                        }
                    }
                    for request in own {
                        tally.add(-request.promised)
                        request.end()
                    }
                }
            }
        }
        #expect(tally.most > 100 * mebibyte, "the bound must have been tried")
        #expect(tally.most <= budget.watermarks.exhausted - 40 * mebibyte)
        #expect(budget.used - 40 * mebibyte <= 4 * mebibyte, "each loop keeps at most twice its usual credit")
    }

    @Test func refusalsNameTheLimitAndAreCounted() {
        let budget = MemoryBudget(limit: 256 * mebibyte)
        let large = budget.refusal(ofBody: 8 * mebibyte)
        #expect(large.publicMessage.contains("8MiB") && large.publicMessage.contains("--max-memory 256MiB"))
        let small = budget.refusal(ofBody: 2_000)
        for error in [large, small] {
            #expect(error.code == .overloaded && error.retry == .after(.seconds(1)) && error.isCounted)
        }
        #expect(small.publicMessage.contains("--max-memory 256MiB"))
        #expect(budget.refusals == MemoryBudget.Refusals(all: 2, small: 1))
        budget.enter(.exhausted)
        _ = budget.refusal()
        #expect(budget.refusals == MemoryBudget.Refusals(all: 3, small: 1), "or the state would keep itself up")
    }

    @Test func theBoundHasAFloor() {
        #expect(MemoryBudget(limit: 1).limit == 64 * mebibyte)
        #expect(MemoryBudget(limit: 128 * mebibyte).largestBody == 16 * mebibyte)
    }
}

/// A sum that several threads add to, and the most that it has been.
private final class Tally: Sendable {
    private let sum = Atomic(0)
    private let peak = Atomic(0)

    var most: Int { peak.load(ordering: .relaxed) }

    func add(_ number: Int) { peak.max(sum.add(number, ordering: .relaxed).newValue, ordering: .relaxed) }
}

@Suite struct MemoryStateTests {
    private let marks = MemoryWatermarks(limit: 1_000)

    @Test(arguments: [
        (MemoryState.enough, 0, MemoryState.enough), (.enough, 899, .enough), (.enough, 900, .scarce), (.enough, 950, .exhausted),
        (.scarce, 949, .scarce), (.scarce, 950, .exhausted), (.scarce, 850, .scarce), (.scarce, 849, .enough),
        (.exhausted, 2_000, .exhausted), (.exhausted, 900, .exhausted), (.exhausted, 899, .scarce), (.exhausted, 850, .scarce),
        (.exhausted, 849, .enough),
    ])
    func transitions(before: MemoryState, used: Int, after: MemoryState) { #expect(marks.next(after: before, used: used) == after) }

    @Test func useThatWaversAroundAMarkChangesTheStateOnce() {
        var state = MemoryState.enough
        var changes = 0
        for used in [890, 901, 895, 902, 870, 905, 930, 951, 945, 952, 920, 948, 905] {
            let next = marks.next(after: state, used: used)
            if next != state { changes += 1 }
            state = next
        }
        #expect(changes == 2 && state == .exhausted)
    }

    @Test func marksOfHugeLimitsDoNotOverflow() {
        let marks = MemoryWatermarks(limit: .max)
        #expect(marks.scarce > 0 && marks.exhausted > marks.scarce)
    }
}

@Suite struct OverloadNoticeTests {
    private func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: UInt64(seconds * 1e9) + 1_000_000_000_000) }

    @Test func anEpisodeIsToldTwice() {
        var episode = RefusalEpisode()
        func note(_ total: Int, _ seconds: Double) -> RefusalEpisode.Event? { episode.note(total, at: at(seconds)) }
        #expect(note(0, 0) == nil)
        #expect(note(7, 0.1) == .began)
        #expect(note(90, 0.2) == nil)
        #expect(note(90, 1.9) == nil)
        #expect(note(91, 2.1) == nil, "it goes on")
        #expect(note(91, 4.0) == nil)
        #expect(note(91, 4.2) == .ended(91))
        #expect(note(91, 5) == nil)
        #expect(note(92, 6) == .began)
        #expect(note(92, 9) == .ended(1))
    }

    @Test func heapIsGivenBackAfterABurst() {
        var rule = TrimRule()
        func isDue(_ resting: Int, isWanted: Bool, _ seconds: Double) -> Bool {
            rule.isDue(resting: resting, limit: 1_000, isWanted: isWanted, at: at(seconds))
        }
        #expect(!isDue(100, isWanted: false, 0))
        #expect(!isDue(220, isWanted: false, 1))
        #expect(isDue(226, isWanted: false, 2), "an eighth more than at the least")
        rule.trimmed(to: 210, at: at(2))
        #expect(!isDue(330, isWanted: false, 60), "what it could not give back is no reason to try again")
        #expect(isDue(336, isWanted: false, 61))
    }

    @Test func heapIsGivenBackOnceASecondWhileMemoryIsWanted() {
        var rule = TrimRule()
        func isDue(_ resting: Int, isWanted: Bool, _ seconds: Double) -> Bool {
            rule.isDue(resting: resting, limit: 1_000, isWanted: isWanted, at: at(seconds))
        }
        #expect(isDue(900, isWanted: true, 0))
        rule.trimmed(to: 890, at: at(0))
        #expect(!isDue(900, isWanted: true, 0.9))
        #expect(isDue(900, isWanted: true, 1))
    }

    @Test func theResidentSetIsRead() throws {
        let reader = ResidentMemory()
        let before = reader.bytes
        #expect(before > 4 * mebibyte)
        var block = [UInt8](repeating: 1, count: 64 * mebibyte)
        block[block.count / 2] = 2
        let growth = reader.bytes - before
        #expect(growth > 50 * mebibyte && growth < 200 * mebibyte, "grew by \(growth)")
        #expect(block[block.count / 2] == 2)
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014).
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }
}
