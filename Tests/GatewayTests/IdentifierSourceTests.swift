import Synchronization
import Testing

@testable import Gateway

@Suite struct IdentifierSourceTests {
    private let digits = Set("0123456789abcdefghijklmnopqrstuvwxyz")

    @Test func anIdentifierIsItsLabelTheTimeAndTheCounter() {
        var source = IdentifierSource(seconds: 1_767_225_600, loop: 3)
        let (first, second) = (source.next("req_"), source.next("call_"))
        #expect(first.hasPrefix("req_") && first.count == 4 + 22 && first.dropFirst(4).allSatisfy(digits.contains))
        #expect(second.hasPrefix("call_") && second.count == 5 + 22)
        // Base 36: seven digits of time, six of chance, one of the loop, eight of the counter.
        #expect(Int(first.dropFirst(4).prefix(7), radix: 36) == 1_767_225_600)
        #expect(first.dropFirst(4 + 13).prefix(1) == "3")
        #expect(first.hasSuffix("00000001") && second.hasSuffix("00000002"))
        #expect(first.dropFirst(4).prefix(14) == second.dropFirst(5).prefix(14))
    }

    @Test func theyAscendAlsoOverADigit() {
        var source = IdentifierSource(seconds: 5, loop: 0)
        let all = (0..<2_000).map { _ in source.next("") }
        #expect(all == all.sorted() && Set(all).count == all.count)
        #expect(all[34].hasSuffix("0000000z") && all[35].hasSuffix("00000010") && all[1_295].hasSuffix("00000100"))
    }

    @Test func laterProcessesHaveLaterNames() {
        var (earlier, later) = (IdentifierSource(seconds: 1_767_225_600, loop: 9), IdentifierSource(seconds: 1_767_225_601, loop: 0))
        #expect((0..<100).map { _ in earlier.next("req_") }.allSatisfy { $0 < later.next("req_") })
    }

    /// Two processes that start in the same second differ by chance: 36 to the power of six names.
    @Test func twoOfTheSameMomentDiffer() {
        let names = (0..<200).map { _ in
            var source = IdentifierSource(seconds: 1_767_225_600, loop: 0)
            return source.next("")
        }
        #expect(Set(names).count >= 199)
    }

    @Test(arguments: [Int64.min, -1, 0]) func aClockBefore1970MakesNamesToo(seconds: Int64) {
        var source = IdentifierSource(seconds: seconds, loop: 35)
        let name = source.next("req_")
        #expect(name.hasPrefix("req_0000000") && name.count == 26 && name.hasSuffix("z00000001"))
    }
}
