import HTTPServer
import Testing

@testable import Gateway

private let mebibyte = 1 << 20

/// A loop's credit: a thousandth or so of the bound, fetched ahead.
@Suite struct MemoryShareTests {
    private let budget = MemoryBudget(limit: 512 * mebibyte)

    @Test func smallRequestsAreTakenFromCreditThatWasFetchedOnce() {
        let share = budget.share()
        #expect(share.take(100_000, isLarge: false))
        #expect(budget.used == 100_000 + mebibyte)
        for _ in 0..<10 { #expect(share.take(100_000, isLarge: false)) }
        #expect(budget.used == 100_000 + mebibyte, "the credit pays for ten more")
        #expect(share.take(100_000, isLarge: false))
        #expect(budget.used == 1_200_000 + mebibyte)
    }

    @Test func largeRequestsTakeExactlyWhatTheyNeed() {
        let share = budget.share()
        #expect(share.take(8 * mebibyte, isLarge: true))
        #expect(budget.used == 8 * mebibyte)
    }

    @Test func creditAboveTwiceTheUsualGoesBack() {
        let share = budget.share()
        for _ in 0..<5 { #expect(share.take(mebibyte, isLarge: false)) }
        let most = budget.used
        share.giveBack(mebibyte)
        #expect(budget.used == most, "it stays as credit")
        for _ in 0..<4 { share.giveBack(mebibyte) }
        #expect(budget.used == 2 * mebibyte)
    }

    /// Where there is no room for credit, a request is let in as long as there is room for itself.
    @Test func theLastBytesAreGivenWithoutCredit() {
        let share = budget.share()
        let last = 300_000
        budget.note(resident: budget.watermarks.exhausted - last)
        #expect(share.take(last, isLarge: false))
        #expect(budget.used == budget.watermarks.exhausted)
        #expect(!share.take(1, isLarge: false))
        share.giveBack(last)
        #expect(share.take(last, isLarge: false))
    }

    @Test func whatWasRefusedIsNotPromised() {
        let share = budget.share()
        budget.note(resident: budget.watermarks.scarce)
        let before = budget.used
        #expect(!share.take(mebibyte, isLarge: true))
        #expect(!share.take(100 * mebibyte, isLarge: false))
        #expect(budget.used == before)
    }

    @Test func creditOfOneLoopIsNotAnothers() {
        let (one, other) = (budget.share(), budget.share())
        #expect(one.take(1_000, isLarge: false))
        let left = budget.watermarks.exhausted - budget.used
        budget.note(resident: left)
        #expect(!other.take(1_000, isLarge: false), "all is in use or promised")
        #expect(one.take(mebibyte / 2, isLarge: false), "but the first has credit")
    }

    @Test func whatHasComeInEveryLoopIsTakenOffTheResidentSet() {
        let (one, other) = (budget.share(), budget.share())
        one.noteArrival(30 * mebibyte)
        other.noteArrival(20 * mebibyte)
        one.noteArrival(-10 * mebibyte)
        budget.note(resident: 100 * mebibyte)
        #expect(budget.restingBytes == 60 * mebibyte)
        budget.note(resident: 10 * mebibyte)
        #expect(budget.restingBytes == 0, "never less than nothing")
    }

    @Test(arguments: [(HTTPFraming.none, 0), (.length(5), 5), (.length(300_000), 300_000), (.chunked, 16_384)])
    func aBodyIsExpectedToBeAsLongAsItSays(_ framing: HTTPFraming, _ bytes: Int) throws {
        #expect(RequestMemory.expectation(framing) == bytes)
        let request = try #require(RequestMemory(framing, of: budget.share()))
        #expect(request.expected == bytes && request.promised == RequestMemory.fixedPart + 2 * bytes)
    }

    @Test(arguments: [(0, false), (256 << 10, false), (256 << 10 + 1, true)])
    func bodiesAbove256KiBAreLarge(_ bytes: Int, _ isLarge: Bool) { #expect(RequestMemory.isLarge(bytes) == isLarge) }
}
