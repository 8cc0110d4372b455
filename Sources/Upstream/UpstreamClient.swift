internal import CCurl
public import EventLoop
internal import Glibc

/// The calls of one loop: a libcurl multi handle driven by the loop's own epoll set and timers.
///
/// Belongs to its loop.
public final class UpstreamClient: ReadinessHandler, @unchecked Sendable {
    let loop: EventLoop
    private let multi: UnsafeMutableRawPointer
    private var timer: LoopTimer
    private var sockets: [SocketWatch] = []
    /// Handles at rest, by the number of their endpoint.
    private var idle: [UInt64: [EasyHandle]] = [:]
    /// The endpoints whose handles are kept; `nil`: all.
    private var kept: Set<UInt64>?
    /// Handles at work. Owned here, since libcurl carries them as plain pointers.
    private var active: [ObjectIdentifier: EasyHandle] = [:]
    private let idleHandlesPerEndpoint: Int

    /// What epoll was told of a socket, and what libcurl wants of it.
    private struct SocketWatch {
        var registered: Readiness = []
        var wanted: Readiness = []
        /// A connection to an upstream, and not one of libcurl's inner sockets (its resolver has some), which it closes without telling.
        var isConnection = false
    }

    /// Bytes of an answer that may wait for its consumer, besides what the endpoint says. Lowered where memory is scarce.
    public var bufferLimit = Int.max

    /// Transfers in progress.
    public var activeTransfers: Int { active.count }

    /// Makes a client for `loop`.
    /// - Parameters:
    ///   - maxConnections: connections kept open in all; above the highest concurrency expected, or libcurl closes what is still useful.
    ///   - idleHandlesPerEndpoint: libcurl handles kept for reuse.
    public init(loop: EventLoop, maxConnections: Int = 8192, idleHandlesPerEndpoint: Int = 256) {
        CurlLibrary.initialize()
        self.loop = loop
        self.idleHandlesPerEndpoint = idleHandlesPerEndpoint
        multi = curl_multi_init()
        weak var this: UpstreamClient?
        timer = LoopTimer(on: loop) { this?.timeOut() }
        this = self
        configure(maxConnections)
    }

    deinit {
        for handle in active.values { curl_multi_remove_handle(multi, handle.easy) }
        active.removeAll()
        idle.removeAll()
        curl_multi_cleanup(multi)
    }

    /// Sends `request` to `endpoint`. The caller interprets the status of the answer.
    /// - Throws: `unreachable` when there is no memory for another transfer, or the URL is not valid.
    public func send(_ request: UpstreamRequest, to endpoint: UpstreamEndpoint) throws(UpstreamFailure) -> UpstreamTransfer {
        guard let handle = idle[endpoint.number]?.popLast() ?? EasyHandle(endpoint, client: self) else {
            throw .unreachable("no memory for a transfer")
        }
        try handle.aim(request)
        let transfer = UpstreamTransfer(handle, request, client: self)
        transfer.start()
        active[ObjectIdentifier(handle)] = handle
        curl_multi_add_handle(multi, handle.easy)
        return transfer
    }

    /// Takes a transfer out of libcurl before its end.
    func abandon(_ transfer: UpstreamTransfer) { retire(transfer.handle, reusable: false) }

    private func retire(_ handle: EasyHandle, reusable: Bool) {
        guard active.removeValue(forKey: ObjectIdentifier(handle)) != nil else { return }
        curl_multi_remove_handle(multi, handle.easy)
        handle.end()
        let endpoint = handle.endpoint.number
        if reusable, kept?.contains(endpoint) != false, idle[endpoint, default: []].count < idleHandlesPerEndpoint {
            idle[endpoint, default: []].append(handle)
        }
    }

    /// Drops the handles of all endpoints but these, named by their numbers; also, at their end, those that are at work now.
    public func keep(endpoints: Set<UInt64>) {
        kept = endpoints
        idle = idle.filter { endpoints.contains($0.key) }
    }

    // MARK: Driving libcurl

    private func configure(_ maxConnections: Int) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        purser_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maxConnections)
        // One stream a connection: with several, libcurl 7.88 loses frames under load (docs/decisions/0005-one-stream-a-connection.md).
        purser_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
        purser_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, this)
        purser_multi_set_socket_callback(multi) { _, socket, what, context, _ in
            UpstreamClient.from(context)?.want(socket, what)
            return 0
        }
        purser_multi_set_pointer(multi, CURLMOPT_TIMERDATA, this)
        purser_multi_set_timer_callback(multi) { _, milliseconds, context in
            UpstreamClient.from(context)?.setTimer(milliseconds)
            return 0
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> UpstreamClient? {
        context.map { Unmanaged<UpstreamClient>.fromOpaque($0).takeUnretainedValue() }
    }

    private func setTimer(_ milliseconds: Int) {
        timer.set(milliseconds < 0 ? .never : loop.now.adding(milliseconds: milliseconds))
    }

    private func timeOut() {
        var running: Int32 = 0
        curl_multi_socket_action(multi, -1, 0, &running)
        collectFinished()
    }

    /// A socket of libcurl's is ready.
    public func ready(_ descriptor: Int32, for readiness: Readiness) {
        guard sockets.indices.contains(Int(descriptor)) else { return }
        let watch = sockets[Int(descriptor)]
        // An idle connection has become readable, most likely because the upstream closed it: libcurl notices when it reuses the
        // connection.
        if watch.wanted.isEmpty { return register(descriptor, []) }
        var what: Int32 = 0
        if readiness.contains(.readable) { what |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { what |= CURL_CSELECT_OUT }
        if !readiness.isDisjoint(with: [.failed, .hungUp]) { what |= CURL_CSELECT_IN | CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(multi, descriptor, what, &running)
        collectFinished()
    }

    func collectFinished() {
        var code = CURLE_OK
        while let easy = purser_multi_next_finished(multi, &code) {
            var context: UnsafeMutablePointer<CChar>?
            purser_curl_get_pointer(easy, CURLINFO_PRIVATE, &context)
            guard let handle = EasyHandle.from(UnsafeMutableRawPointer(context)), let transfer = handle.transfer else { continue }
            let failure = code == CURLE_OK ? nil : UpstreamFailure(code)
            transfer.noteProgress()
            retire(handle, reusable: true)
            transfer.finish(failure.map { .failure($0) } ?? .success(()))
        }
    }

    // MARK: Sockets

    /// libcurl says what it waits for on a socket.
    ///
    /// When it stops waiting (an idle keep-alive connection) the socket stays registered for reading: the next transfer on it will want just
    /// that, and two system calls per transfer are saved.
    private func want(_ socket: Int32, _ what: Int32) {
        guard socket >= 0 else { return }
        while sockets.count <= Int(socket) { sockets.append(SocketWatch()) }
        var wanted: Readiness = []
        if what == CURL_POLL_IN || what == CURL_POLL_INOUT { wanted.insert(.readable) }
        if what == CURL_POLL_OUT || what == CURL_POLL_INOUT { wanted.insert(.writable) }
        sockets[Int(socket)].wanted = wanted
        let registered = sockets[Int(socket)].registered
        if wanted == registered { return }
        if wanted.isEmpty, registered == .readable, sockets[Int(socket)].isConnection { return }
        register(socket, wanted)
    }

    private func register(_ socket: Int32, _ readiness: Readiness) {
        let registered = sockets[Int(socket)].registered
        sockets[Int(socket)].registered = readiness
        if readiness.isEmpty {
            loop.unwatch(socket)
        } else if registered.isEmpty {
            sockets[Int(socket)].isConnection = Self.isInternet(socket)
            // Cannot fail but for lack of kernel memory; then the transfer's own time-outs end it.
            try? loop.watch(socket, for: readiness, handler: self)
        } else {
            loop.rewatch(socket, for: readiness)
        }
    }

    private static func isInternet(_ socket: Int32) -> Bool {
        var domain: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && (domain == AF_INET || domain == AF_INET6)
    }

    /// libcurl is done with a socket.
    func closeSocket(_ socket: Int32) {
        if sockets.indices.contains(Int(socket)) {
            if !sockets[Int(socket)].registered.isEmpty { loop.unwatch(socket) }
            sockets[Int(socket)] = SocketWatch()
        }
        close(socket)
    }
}

/// libcurl's process-wide state.
enum CurlLibrary {
    /// Runs once, at the first use; libcurl requires it to be done before any other thread uses the library.
    private static let once: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    static func initialize() { _ = once }

    /// Whether any of the variables that libcurl takes a proxy from is set.
    static let environmentNamesProxy = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].contains { (name: String) in
        getenv(name) != nil
    }
}
