import Glibc
import Testing

@testable import HTTPServer

@Suite struct PeerCountTests {
    private func ipv4(_ parts: UInt8...) -> PeerAddress? {
        PeerAddress(family: AF_INET, socketAddress: [2, 0, 1, 2] + parts + [UInt8](repeating: 0, count: 16))
    }

    private func ipv6(_ bytes: [UInt8]) -> PeerAddress? {
        PeerAddress(family: AF_INET6, socketAddress: [10, 0, 1, 2, 0, 0, 0, 0] + bytes)
    }

    @Test func eachAddressHasALimitOfItsOwn() throws {
        var count = PeerCount(limit: 2)
        let one = try #require(ipv4(192, 0, 2, 1))
        let other = try #require(ipv4(192, 0, 2, 2))
        let admitted = [one, one, one, other].map { count.admit($0) }
        #expect(admitted == [true, true, false, true])
        count.release(one)
        let after = [one, one].map { count.admit($0) }
        #expect(after == [true, false])
    }

    @Test func loopbackIsNotLimited() throws {
        var count = PeerCount(limit: 1)
        let local = try #require(ipv4(127, 0, 0, 1))
        let local6 = try #require(ipv6([UInt8](repeating: 0, count: 15) + [1]))
        let admitted = [local, local, local6, local6].map { count.admit($0) }
        #expect(admitted == [true, true, true, true])
    }

    @Test func anIPv6NetworkCountsAsOneAndAMappedAddressAsIPv4() throws {
        let network: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1]
        #expect(ipv6(network + [0, 0, 0, 0, 0, 0, 0, 1]) == ipv6(network + [9, 9, 9, 9, 9, 9, 9, 9]))
        #expect(
            ipv6([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 2] + [UInt8](repeating: 0, count: 8)) != ipv6(network + [UInt8](repeating: 0, count: 8)))
        #expect(ipv6([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1]) == ipv4(192, 0, 2, 1))
    }
}
