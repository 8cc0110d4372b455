import EventLoop
import Synchronization
import Testing

@testable import Gateway

@Suite struct KeyActivityTests {
    private let activities = KeyActivities()

    private func at(_ seconds: Int) -> MonotonicTime { start + .seconds(seconds) }

    @Test func aKeyKeepsItsActivityAndSharesItsTeams() {
        let (first, second) = (activities.activity(of: "a", in: "acme/x"), activities.activity(of: "b", in: "acme/x"))
        #expect(activities.activity(of: "a", in: "acme/x") === first && first !== second)
        #expect(first.team === second.team)
        #expect(activities.activity(of: "c", in: "acme/y").team !== first.team)
    }

    /// After a reload has given a key to another team, what is under way is still the old team's, and the new one starts at nothing.
    @Test func aKeyThatChangesItsTeamStartsAnew() throws {
        let places = RequestPlaces(most: 100)
        let old = activities.activity(of: "a", in: "acme/x")
        try places.enter(old)
        let new = activities.activity(of: "a", in: "acme/y")
        #expect(new !== old && new.keyID == old.keyID)
        #expect(new.requests.load(ordering: .relaxed) == 0 && new.team.requests.load(ordering: .relaxed) == 0)
        places.leave(old)
        #expect(old.requests.load(ordering: .relaxed) == 0 && old.team.requests.load(ordering: .relaxed) == 0)
    }

    @Test(arguments: [(0, true), (59, true), (60, false), (3_600, false)])
    func aKeyWasSeenUntilTheSpanIsOver(_ later: Int, _ wasSeen: Bool) {
        let key = activities.activity(of: "a", in: "acme")
        key.note(at: at(0))
        #expect(key.wasSeen(within: .seconds(60), before: at(later)) == wasSeen)
    }

    @Test func aKeyThatNeverCameWasNotSeen() {
        let key = activities.activity(of: "a", in: "acme")
        #expect(!key.wasSeen(within: .seconds(1_000_000), before: MonotonicTime(nanoseconds: 5)))
        #expect(activities.keysSeen(within: .seconds(1_000_000), before: at(0)).isEmpty)
    }

    /// Requests of two loops may be noted in another order than they came in.
    @Test func aRequestFromTheFutureCounts() {
        let key = activities.activity(of: "a", in: "acme")
        key.note(at: at(10))
        #expect(key.wasSeen(within: .seconds(1), before: at(9)))
    }

    @Test func thoseSeenAreNamedOnceInWhateverTeam() {
        for (keyID, team, seconds) in [("a", "x", 0), ("b", "x", 50), ("c", "y", 90), ("a", "y", 95), ("d", "y", 10)] {
            activities.activity(of: keyID, in: team).note(at: at(seconds))
        }
        #expect(activities.keysSeen(within: .seconds(60), before: at(100)) == ["a", "b", "c"])
        #expect(activities.keysSeen(within: .seconds(95), before: at(100)) == ["a", "b", "c", "d"])
        #expect(activities.keysSeen(within: .seconds(60), before: at(1_000)).isEmpty)
    }

    @Test func manyThreadsFindTheSameKey() async {
        let activities = activities
        let found = await withTaskGroup(of: ObjectIdentifier.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let activity = activities.activity(of: "\(number % 4)", in: "acme")
                    activity.requests.add(1, ordering: .relaxed)
                    return ObjectIdentifier(activity)
                }
            }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(found.count == 4)
        #expect((0..<4).allSatisfy { activities.activity(of: "\($0)", in: "acme").requests.load(ordering: .relaxed) == 16 })
    }
}
