public import EventLoop
internal import Glibc
public import TLS

/// Answers requests.
public protocol HTTPHandler: AnyObject {
    /// Answers `exchange`. Runs on the loop of the connection; cancelled when the client leaves.
    func handle(_ exchange: HTTPExchange) async
    /// Answers a request that is not valid HTTP.
    func refuse(_ violation: HTTPViolation, _ refusal: HTTPRefusal)
    /// A connection was turned away because of a limit on their number.
    func turnedAway()
    /// Called when per-client send buffers must shrink (`true`) or may grow back (`false`).
    func limitBuffers(_ isTight: Bool)
}

extension HTTPHandler {
    /// Does nothing: for handlers that keep little.
    public func limitBuffers(_ isTight: Bool) {}
}

/// The HTTP server of one loop: its listeners and connections.
///
/// Belongs to its loop.
public final class HTTPServer: @unchecked Sendable {
    /// The loop everything here runs on.
    public let loop: EventLoop
    /// Whether the server is shutting down: answers close their connections.
    public private(set) var isDraining = false

    /// Whether memory is scarce.
    private var savesMemory = false
    /// Bytes that wait for clients that do not read, of all connections together, and whether that is much.
    private var unsentBytes = 0
    private var holdsMuch = false
    private let unsentAllowance: Int

    let handler: any HTTPHandler
    let rules: HTTPRules
    /// Where every connection of the loop reads into first, so that idle connections own no buffer.
    let scratch: UnsafeMutableRawBufferPointer
    /// Bytes of an answer that may wait for a client that does not read before its source is paused.
    private(set) var unreadAnswerLimit = 128 * 1024
    private let maxConnections: Int
    private var peers: PeerCount
    private var channels: [ObjectIdentifier: ClientChannel] = [:]
    private var listeners: [Listener] = []
    private var dateText: [UInt8] = []
    private var dateSecond = -1
    private var whenIdle: (() -> Void)?

    /// Makes a server without listeners.
    /// - Parameters:
    ///   - maxConnections: connections open at once; further ones are closed as they come.
    ///   - maxConnectionsPerPeer: the same for one address; loopback is not limited. Default 1,000.
    ///   - unsentAllowance: bytes of answers, of all connections together, that may wait for clients before each may have little only.
    public init(
        loop: EventLoop, handler: any HTTPHandler, limits: HTTPLimits = HTTPLimits(), timeouts: HTTPTimeouts = HTTPTimeouts(),
        maxConnections: Int, maxConnectionsPerPeer: Int = 1_000, unsentAllowance: Int = .max
    ) {
        self.loop = loop
        self.handler = handler
        rules = HTTPRules(limits, timeouts)
        self.maxConnections = maxConnections
        self.unsentAllowance = unsentAllowance
        peers = PeerCount(limit: maxConnectionsPerPeer)
        scratch = .allocate(byteCount: 32 * 1024, alignment: 16)
    }

    deinit { scratch.deallocate() }

    /// Connections that are open.
    public var connectionCount: Int { channels.count }

    /// Listens on `address`, with TLS unless the address says plain.
    /// - Returns: the port that was bound.
    /// - Throws: `SystemError`.
    public func listen(on address: ListenAddress, tls: TLSServerContext?) throws(SystemError) -> UInt16 {
        let listener = try Listener(address, on: loop) { [unowned self] descriptor in
            accept(descriptor, tls: address.isPlain ? nil : tls)
        }
        try listener.start()
        listeners.append(listener)
        return listener.port
    }

    private func accept(_ descriptor: Int32, tls context: TLSServerContext?) {
        guard channels.count < maxConnections, let peer = PeerAddress(of: descriptor), peers.admit(peer) else {
            handler.turnedAway()
            close(descriptor)
            return
        }
        var tls: TLSConnection?
        if let context {
            guard let made = try? context.accept(descriptor: descriptor) else {
                peers.release(peer)
                close(descriptor)
                return
            }
            tls = made
        }
        let channel = ClientChannel(server: self, descriptor: descriptor, peer: peer, tls: tls)
        channels[ObjectIdentifier(channel)] = channel
        channel.start()
    }

    func closed(_ channel: ClientChannel) {
        guard channels.removeValue(forKey: ObjectIdentifier(channel)) != nil else { return }
        peers.release(channel.peer)
        if isDraining, channels.isEmpty { reportIdle() }
    }

    /// Stops listening and lets every request that has begun finish; `done` runs when no connection is left.
    public func drain(_ done: @escaping () -> Void) {
        isDraining = true
        whenIdle = done
        for listener in listeners { listener.close() }
        listeners = []
        for channel in channels.values { channel.drain() }
        if channels.isEmpty { reportIdle() }
    }

    /// Whether answers leave their connections open for another request.
    var keepsConnections: Bool { !isDraining && !savesMemory }

    /// While memory is scarce connections end with their answers, idle ones end now, and less of an answer waits for a client that does not read.
    public func saveMemory(_ isScarce: Bool) {
        guard isScarce != savesMemory else { return }
        savesMemory = isScarce
        limitBuffers()
        if isScarce { for channel in channels.values { channel.saveMemory() } }
    }

    /// Takes in that so much more (or less) waits for clients.
    func noteUnsent(_ change: Int) {
        unsentBytes += change
        let isMuch = unsentBytes > (holdsMuch ? unsentAllowance / 2 : unsentAllowance)
        guard isMuch != holdsMuch else { return }
        holdsMuch = isMuch
        limitBuffers()
    }

    private func limitBuffers() {
        let isTight = savesMemory || holdsMuch
        unreadAnswerLimit = isTight ? 16 * 1024 : 128 * 1024
        handler.limitBuffers(isTight)
    }

    /// Ends what `drain` did not end in time.
    public func abortConnections() { for channel in channels.values { channel.abort() } }

    private func reportIdle() {
        let done = whenIdle
        whenIdle = nil
        done?()
    }

    /// The text of the `date` field, made once a second.
    var date: [UInt8] {
        let seconds = time(nil)
        if seconds != dateSecond {
            dateSecond = seconds
            dateText = HTTPDate.bytes(secondsSince1970: seconds)
        }
        return dateText
    }
}
