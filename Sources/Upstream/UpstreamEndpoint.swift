internal import CCurl
internal import EventLoop
internal import Synchronization

/// How long an upstream may take. Each limit ends a call with its own error.
public struct UpstreamTimeouts: Hashable, Sendable {
    /// Name look-up, TCP and TLS together. Default 5 s.
    public var connect: Duration
    /// From sending the request to the first byte of the answer. Default 60 s.
    public var firstByte: Duration
    /// Between two bytes of the answer. Default 60 s.
    public var idle: Duration
    /// The whole call. Default 600 s.
    public var total: Duration

    /// Makes time-outs; the defaults suit chat models.
    public init(
        connect: Duration = .seconds(5), firstByte: Duration = .seconds(60), idle: Duration = .seconds(60), total: Duration = .seconds(600)
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.total = total
    }
}

/// How much an upstream may send. What goes beyond ends the call and its connection.
public struct UpstreamLimits: Hashable, Sendable {
    /// All header lines of an answer. Default 64 KiB.
    public var headBytes = 64 * 1024
    /// The body of an answer after unpacking, streams included. Default 64 MiB.
    public var bodyBytes = 64 * 1024 * 1024
    /// Bytes of a stream that wait for a slow client before reading from the upstream pauses. Default 64 KiB.
    public var bufferedBytes = 64 * 1024

    /// The defaults.
    public init() {}
}

/// One base URL that requests are sent to, with everything about the way there that does not change from request to request.
///
/// Immutable and shared by all loops; libcurl handles configured for it are kept and reused, so options are set once and not per request.
public final class UpstreamEndpoint: Sendable {
    /// A number that no other endpoint of this process has or has had: what is kept for an endpoint is kept under it.
    public let number: UInt64
    /// The URL; a call may add a path to it.
    public let url: String
    /// Complete header lines, e.g. `Authorization: Bearer …`. May hold secrets: never logged.
    let headers: [String]
    let caFile: String?
    let proxy: String?
    let allowsHTTP2: Bool
    /// What calls are signed with.
    let credentials: AWSCredentials?
    /// Time-outs of every call.
    public let timeouts: UpstreamTimeouts
    let limits: UpstreamLimits
    let firstByte, idle, total: ClockInterval

    private static let lastNumber = Atomic<UInt64>(0)

    /// Makes an endpoint.
    /// - Parameters:
    ///   - headers: complete header lines without line ends.
    ///   - caFile: a PEM file to check the upstream's certificate with, instead of the system's.
    ///   - proxy: a proxy URL; `nil` takes the environment's (`https_proxy`, `no_proxy`, …).
    ///   - allowsHTTP2: offer HTTP/2 to an https upstream.
    ///   - credentials: signs every call for AWS.
    public init(
        url: String, headers: [String], caFile: String? = nil, proxy: String? = nil, allowsHTTP2: Bool = true,
        credentials: AWSCredentials? = nil,
        timeouts: UpstreamTimeouts = UpstreamTimeouts(), limits: UpstreamLimits = UpstreamLimits()
    ) {
        number = Self.lastNumber.add(1, ordering: .relaxed).newValue
        self.url = url
        self.headers = headers
        self.caFile = caFile
        self.proxy = proxy
        self.allowsHTTP2 = allowsHTTP2
        self.credentials = credentials
        self.timeouts = timeouts
        self.limits = limits
        firstByte = ClockInterval(timeouts.connect + timeouts.firstByte)
        idle = ClockInterval(timeouts.idle)
        total = ClockInterval(timeouts.total)
    }
}

extension UpstreamEndpoint {
    /// Host and port as libcurl writes them into the header `Host`: without the scheme's own port.
    var authority: String {
        let authority = afterScheme.prefix { $0 != "/" && $0 != "?" }
        let port = url.lowercased().hasPrefix("https:") ? ":443" : ":80"
        return String(authority.hasSuffix(port) ? authority.dropLast(port.utf8.count) : authority)
    }

    /// What follows the authority in the URL of a call.
    func target(_ path: String) -> String {
        let rest = afterScheme.drop { $0 != "/" && $0 != "?" } + path
        return rest.hasPrefix("/") ? String(rest) : "/" + rest
    }

    private var afterScheme: Substring {
        guard let slashes = url.firstRange(of: "://") else { return url[...] }
        return url[slashes.upperBound...]
    }
}
