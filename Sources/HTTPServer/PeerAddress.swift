internal import Glibc

/// The peer that limits on connections count: an IPv4 address, or the /64 network of an IPv6 address (which belongs to a single customer).
struct PeerAddress: Hashable {
    /// Where local proxies and load generators come from, all of them from one address.
    let isLoopback: Bool
    private let network: UInt64

    /// The peer of a connected socket; `nil` when it has left already.
    init?(of descriptor: Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
        }
        guard isKnown else { return nil }
        let bytes = withUnsafeBytes(of: storage) { Array($0.prefix(24)) }
        self.init(family: Int32(storage.ss_family), socketAddress: bytes)
    }

    /// - Parameter socketAddress: the first 24 bytes of a `sockaddr_in` or `sockaddr_in6`.
    init?(family: Int32, socketAddress bytes: [UInt8]) {
        guard bytes.count >= 24 else { return nil }
        switch family {
        case AF_INET: self.init(ipv4: bytes[4..<8])
        case AF_INET6 where bytes[8..<18].allSatisfy({ $0 == 0 }) && bytes[18..<20].allSatisfy({ $0 == 0xFF }):
            self.init(ipv4: bytes[20..<24])
        case AF_INET6:
            self.init(network: Self.number(bytes[8..<16]), isLoopback: bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1)
        default: return nil
        }
    }

    private init(ipv4 bytes: ArraySlice<UInt8>) {
        // Beside the IPv6 networks, which begin with 2 or f wherever they are routed.
        self.init(network: Self.number(bytes), isLoopback: bytes.first == 127)
    }

    private init(network: UInt64, isLoopback: Bool) {
        self.network = network
        self.isLoopback = isLoopback
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

/// Connections by where they come from.
struct PeerCount {
    private var counts: [PeerAddress: Int] = [:]
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Counts a connection from `peer`; false, and not counted, when it has as many as it may have.
    mutating func admit(_ peer: PeerAddress) -> Bool {
        if peer.isLoopback { return true }
        let count = counts[peer, default: 0]
        guard count < limit else { return false }
        counts[peer] = count + 1
        return true
    }

    mutating func release(_ peer: PeerAddress) {
        guard !peer.isLoopback, let count = counts[peer] else { return }
        counts[peer] = count > 1 ? count - 1 : nil
    }
}
