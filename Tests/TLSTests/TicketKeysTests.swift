import Synchronization
import Testing

@testable import TLS

struct TicketKeysTests {
    final class Clock: Sendable {
        let seconds = Mutex<Int64>(1_000_000)
        func advance(hours: Int64) { seconds.withLock { $0 += hours * 3600 } }
    }

    let clock = Clock()
    let keys: TicketKeys

    init() { keys = TicketKeys { [clock] in clock.seconds.withLock { $0 } } }

    @Test func aKeySealsForHalfItsLife() throws {
        let first = try #require(keys.sealingKey())
        clock.advance(hours: 11)
        #expect(keys.sealingKey()?.name == first.name)
        clock.advance(hours: 1)
        #expect(keys.sealingKey()?.name != first.name)
    }

    @Test func itOpensUntilTheEndOfItsLife() throws {
        let first = try #require(keys.sealingKey())
        #expect(keys.openingKey(named: first.name)?.isOld == false)
        clock.advance(hours: 12)
        let second = try #require(keys.sealingKey())
        let old = try #require(keys.openingKey(named: first.name))
        #expect(old.isOld)
        #expect(old.key.encryption == first.encryption)
        clock.advance(hours: 12)
        #expect(keys.openingKey(named: first.name) == nil)
        #expect(keys.openingKey(named: second.name)?.isOld == true)
    }

    @Test func nothingOutlivesALongSilence() throws {
        let first = try #require(keys.sealingKey())
        clock.advance(hours: 30)
        #expect(keys.openingKey(named: first.name) == nil)
    }

    @Test func halfLifeInSilenceStillOpens() throws {
        let first = try #require(keys.sealingKey())
        clock.advance(hours: 23)
        #expect(keys.openingKey(named: first.name)?.isOld == true)
    }

    @Test func keysDiffer() throws {
        let (one, other) = (try #require(keys.sealingKey()), try #require(TicketKeys().sealingKey()))
        #expect(one.name != other.name)
        #expect(one.encryption != other.encryption)
        #expect(one.encryption != one.authentication)
        #expect(keys.openingKey(named: other.name) == nil)
    }
}
