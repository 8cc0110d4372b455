internal import CLinux
internal import Glibc

/// An address to listen on.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A host name or address; IPv6 without brackets.
    public var host: String
    /// 0 lets the system choose.
    public var port: UInt16
    /// Whether to speak TLS (`HOST:PORT`) or plain HTTP (`http://HOST:PORT`).
    public var isPlain: Bool

    /// Makes an address.
    public init(host: String, port: UInt16, isPlain: Bool = false) {
        self.host = host
        self.port = port
        self.isPlain = isPlain
    }

    /// Reads `HOST:PORT`, `[V6]:PORT`, and the same behind `http://` or `https://`.
    public init?(_ text: String) {
        var rest = Substring(text)
        isPlain = rest.hasPrefix("http://")
        if isPlain { rest = rest.dropFirst(7) } else if rest.hasPrefix("https://") { rest = rest.dropFirst(8) }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]) else { return nil }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { return nil }
        guard !host.isEmpty, !host.contains("/") else { return nil }
        self.host = String(host)
        self.port = port
    }

    /// As written on the command line.
    public var description: String { (isPlain ? "http://" : "") + (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}

/// Accepts connections for one loop. Every loop has a listener of its own on the same port (`SO_REUSEPORT`); the kernel spreads the connections.
public final class Listener: ReadinessHandler {
    /// The port that was bound.
    public let port: UInt16
    private let loop: EventLoop
    private let descriptor: Int32
    private let accepted: (Int32) -> Void
    private var isOpen = true
    private var retry: LoopTimer?

    /// Binds and listens; accepts nothing before `start`.
    /// - Parameter accepted: given each new connection's descriptor (non-blocking, `TCP_NODELAY`), which is then its to close.
    /// - Throws: `SystemError` with the call that failed.
    public init(_ address: ListenAddress, on loop: EventLoop, accepted: @escaping (Int32) -> Void) throws(SystemError) {
        self.loop = loop
        self.accepted = accepted
        descriptor = try Self.bind(address, sharing: true)
        port = Self.boundPort(descriptor)
    }

    /// Checks that no process listens on `address` yet. With `SO_REUSEPORT` a second process would silently share the port with the first.
    /// - Throws: `SystemError` with the address when it is taken.
    public static func checkFree(_ address: ListenAddress) throws(SystemError) {
        Glibc.close(try bind(address, sharing: false))
    }

    /// Begins to accept; on the loop's thread.
    public func start() throws(SystemError) {
        retry = LoopTimer(on: loop) { [unowned self] in ready(descriptor, for: .readable) }
        try loop.watch(descriptor, for: .readable, handler: self)
    }

    /// Stops accepting and closes the socket; on the loop's thread.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        retry?.set(.never)
        loop.unwatch(descriptor)
        Glibc.close(descriptor)
    }

    /// Accepts waiting connections, a bounded number at a time, so that open connections are served in between.
    public func ready(_ descriptor: Int32, for readiness: Readiness) {
        for _ in 0..<64 where isOpen {
            let connection = purser_accept(descriptor)
            if connection >= 0 {
                var one: Int32 = 1
                setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
                accepted(connection)
            } else if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
                return pause()
            } else if errno != ECONNABORTED && errno != EINTR {
                return
            }
        }
    }

    /// Out of descriptors: a level-triggered watch would spin, so it is paused for a moment.
    private func pause() {
        loop.rewatch(descriptor, for: [])
        let resume = LoopTimer(on: loop) { [weak self] in
            guard let self, isOpen else { return }
            loop.rewatch(descriptor, for: .readable)
        }
        resume.set(loop.now + .milliseconds(100))
        retry = resume
    }

    private static func bind(_ address: ListenAddress, sharing: Bool) throws(SystemError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, String(address.port), &hints, &found) == 0, let first = found else {
            throw SystemError(call: "getaddrinfo \(address.host)", number: EADDRNOTAVAIL)
        }
        defer { freeaddrinfo(found) }
        let type = first.pointee.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try SystemError.check(socket(first.pointee.ai_family, type, 0), "socket")
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        if sharing { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, 4) }
        guard Glibc.bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0, listen(descriptor, 4096) == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw SystemError(call: "listen on \(address)", number: number)
        }
        return descriptor
    }

    private static func boundPort(_ descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let bound = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) == 0 }
        }
        guard bound else { return 0 }
        // The port stands at the same place in the IPv4 and the IPv6 address.
        return withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }
    }
}
