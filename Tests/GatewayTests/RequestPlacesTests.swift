import Chat
import Testing

@testable import Gateway

@Suite struct RequestPlacesTests {
    /// How many of `count` requests of a key get a place.
    private func enter(_ places: RequestPlaces, _ key: KeyActivity, _ count: Int) -> Int {
        (0..<count).count { _ in (try? places.enter(key)) != nil }
    }

    private func idle(_ places: RequestPlaces, _ key: KeyActivity, _ count: Int) -> Int {
        var idle = 0
        for _ in 0..<count where (try? places.enter(key)) != nil {
            if places.becomeIdle(key) {
                idle += 1
            } else {
                places.becomeBusy(key)
                places.leave(key)
            }
        }
        return idle
    }

    @Test func aKeyAloneHasThreeQuarters() {
        for (most, share) in [(20, 15), (100, 75), (10_000, 7_500), (1, 1), (2, 2), (4, 4), (8, 6)] {
            #expect(enter(RequestPlaces(most: most), KeyActivity(keyID: "a"), most + 10) == share, "\(most)")
        }
    }

    @Test func greedyKeysLeavePlaces() {
        let places = RequestPlaces(most: 1_000)
        for number in 0..<4 { _ = enter(places, KeyActivity(keyID: "\(number)"), 2_000) }
        #expect(!places.isFull)
        #expect(enter(places, KeyActivity(keyID: "modest"), 1) == 1)
    }

    @Test func requestsThatCostNothingHaveASmallerShare() {
        #expect(idle(RequestPlaces(most: 20), KeyActivity(keyID: "a"), 50) == 6)
        #expect(idle(RequestPlaces(most: 10_000), KeyActivity(keyID: "a"), 10_000) == 3_333)
        let places = RequestPlaces(most: 1_000)
        for number in 0..<10 { _ = idle(places, KeyActivity(keyID: "\(number)"), 1_000) }
        // Each takes a third of what the others have left.
        #expect((10...30).contains(places.most - places.count))
    }

    @Test func whatIsGivenBackCanBeTakenAgain() throws {
        let (places, key) = (RequestPlaces(most: 20), KeyActivity(keyID: "a"))
        for _ in 0..<3 {
            #expect(enter(places, key, 30) == 15)
            for _ in 0..<15 { places.leave(key) }
        }
        #expect(places.count == 0)
    }

    @Test func aNumberTakesTheSharesPlace() {
        let places = RequestPlaces(most: 20, perKey: 20)
        #expect(enter(places, KeyActivity(keyID: "a"), 30) == 20)
        #expect(enter(RequestPlaces(most: 20, perKey: 3), KeyActivity(keyID: "a"), 30) == 3)
    }
}
