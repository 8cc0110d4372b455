internal import EventLoop

/// How long a client may take. Each has an end, so that slow clients cannot hold connections for ever.
public struct HTTPTimeouts: Hashable, Sendable {
    /// The TLS handshake. Default 10 s.
    public var handshake = Duration.seconds(10)
    /// A request's head, from its first byte; of a connection's first request, from the connection's beginning or the end of its handshake.
    /// Default 15 s.
    public var head = Duration.seconds(15)
    /// Between two bytes of a request's body. Default 30 s.
    public var bodyIdle = Duration.seconds(30)
    /// A request's whole body. Default 600 s.
    public var bodyTotal = Duration.seconds(600)
    /// The slowest rate at which a body may come in the long run, in bytes per second. Default 100.
    public var bodyBytesPerSecond = 100
    /// A client that does not read its answer. Default 60 s.
    public var write = Duration.seconds(60)
    /// A connection that has had a request, until the next. Default 75 s.
    public var keepAlive = Duration.seconds(75)
    /// Closing: how long the rest of what a client sends is read and thrown away so that it sees the answer. Default 2 s.
    public var linger = Duration.seconds(2)

    /// The defaults.
    public init() {}
}

/// What a server demands of its clients; one for all connections.
final class HTTPRules: Sendable {
    let limits: HTTPLimits
    let intervals: HTTPIntervals

    init(_ limits: HTTPLimits, _ timeouts: HTTPTimeouts) {
        self.limits = limits
        intervals = HTTPIntervals(timeouts)
    }
}

/// The time-outs as the loop's clock counts them: `Duration` is 128 bits wide, and its arithmetic shows in profiles.
struct HTTPIntervals: Sendable {
    let handshake, head, bodyIdle, bodyTotal, write, keepAlive, linger: ClockInterval
    /// At least 1.
    let bodyBytesPerSecond: Int

    init(_ timeouts: HTTPTimeouts) {
        handshake = ClockInterval(timeouts.handshake)
        head = ClockInterval(timeouts.head)
        bodyIdle = ClockInterval(timeouts.bodyIdle)
        bodyTotal = ClockInterval(timeouts.bodyTotal)
        write = ClockInterval(timeouts.write)
        keepAlive = ClockInterval(timeouts.keepAlive)
        linger = ClockInterval(timeouts.linger)
        bodyBytesPerSecond = max(1, timeouts.bodyBytesPerSecond)
    }
}
