import Chat
import Synchronization
import Testing

@testable import Gateway

@Suite struct RequestPlacesTests {
    /// A key that is alone in its team.
    private func alone(_ keyID: String) -> KeyActivity { KeyActivity(keyID: keyID, team: TeamActivity()) }

    /// Keys of one team.
    private func team(of size: Int) -> [KeyActivity] {
        let team = TeamActivity()
        return (0..<size).map { KeyActivity(keyID: "\($0)", team: team) }
    }

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
            #expect(enter(RequestPlaces(most: most), alone("a"), most + 10) == share, "\(most)")
        }
    }

    @Test func greedyKeysLeavePlaces() {
        let places = RequestPlaces(most: 1_000)
        for number in 0..<4 { _ = enter(places, alone("\(number)"), 2_000) }
        #expect(!places.isFull)
        #expect(enter(places, alone("modest"), 1) == 1)
    }

    @Test func requestsThatCostNothingHaveASmallerShare() {
        #expect(idle(RequestPlaces(most: 20), alone("a"), 50) == 6)
        #expect(idle(RequestPlaces(most: 10_000), alone("a"), 10_000) == 3_333)
        let places = RequestPlaces(most: 1_000)
        for number in 0..<10 { _ = idle(places, alone("\(number)"), 1_000) }
        // Each takes a third of what the others have left.
        #expect((10...30).contains(places.most - places.count))
    }

    @Test(arguments: [1, 2, 3, 10, 100]) func aTeamLeavesPlacesHoweverManyKeysItHas(keys: Int) {
        let places = RequestPlaces(most: 1_000)
        for key in team(of: keys) { _ = enter(places, key, 1_000) }
        #expect(places.most - places.count >= 200)
        // The next team has four fifths of what is left, and one of its keys three quarters.
        let next = team(of: 10)
        #expect(enter(places, next[0], 1_000) >= 150)
        for key in next { _ = enter(places, key, 1_000) }
        #expect(places.most - places.count >= 40)
    }

    @Test func aTeamHasFourFifths() {
        for (most, share) in [(20, 16), (100, 80), (10_000, 8_000), (4, 4), (5, 4)] {
            let places = RequestPlaces(most: most)
            #expect(team(of: 7).reduce(0) { $0 + enter(places, $1, most) } == share, "\(most)")
        }
    }

    @Test func aGreedyKeyLeavesSomethingToItsOwnTeam() {
        let places = RequestPlaces(most: 1_000)
        let keys = team(of: 2)
        #expect(enter(places, keys[0], 1_000) == 750)
        #expect(enter(places, keys[1], 1_000) == 50)
    }

    @Test func bodiesThatDoNotComeAreSharedByTeamsToo() {
        let places = RequestPlaces(most: 1_000)
        let held = team(of: 20).reduce(0) { $0 + idle(places, $1, 1_000) }
        #expect(held == 500)
        #expect(idle(places, alone("other"), 1_000) == 166)
    }

    @Test func aTeamGivesBackWhatItsKeysGiveBack() throws {
        let places = RequestPlaces(most: 100)
        let keys = team(of: 3)
        for _ in 0..<3 {
            let counts = keys.map { enter(places, $0, 100) }
            #expect(counts.reduce(0, +) == 80)
            for (key, count) in zip(keys, counts) { for _ in 0..<count { places.leave(key) } }
        }
        #expect(places.count == 0)
        #expect(keys[0].team.requests.load(ordering: .relaxed) == 0)
    }

    @Test func aNumberTakesTheTeamsShare() throws {
        let keys = team(of: 10)
        let places = RequestPlaces(most: 100, perKey: 30, perTeam: 50)
        #expect(keys.reduce(0) { $0 + enter(places, $1, 100) } == 50)
        let error = #expect(throws: GatewayError.self) { try places.enter(keys[5]) }
        #expect(error?.publicMessage.contains("--max-requests-per-team") == true)
        let whole = RequestPlaces(most: 100, perKey: 30, perTeam: 100)
        #expect(team(of: 10).reduce(0) { $0 + enter(whole, $1, 100) } == 100)
    }

    @Test func whatIsGivenBackCanBeTakenAgain() throws {
        let (places, key) = (RequestPlaces(most: 20), alone("a"))
        for _ in 0..<3 {
            #expect(enter(places, key, 30) == 15)
            for _ in 0..<15 { places.leave(key) }
        }
        #expect(places.count == 0)
    }

    @Test func aNumberTakesTheSharesPlace() {
        let places = RequestPlaces(most: 20, perKey: 20)
        #expect(enter(places, alone("a"), 30) == 20)
        #expect(enter(RequestPlaces(most: 20, perKey: 3), alone("a"), 30) == 3)
    }
}
