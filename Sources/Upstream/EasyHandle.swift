internal import CCurl
internal import EventLoop
internal import Glibc

/// A libcurl easy handle, configured once for its endpoint and used for one transfer after another.
///
/// libcurl's call-backs get this object as a plain pointer; it outlives every transfer because the client owns it until then.
final class EasyHandle {
    let easy: UnsafeMutableRawPointer
    let endpoint: UpstreamEndpoint
    /// The transfer in progress.
    var transfer: UpstreamTransfer?
    private(set) var watchdog: LoopTimer
    /// Where the consumer of the transfer waits. The next transfer may use it, since no consumer waits for a transfer that is over.
    let waiter: LoopWaiter
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let url: OpaquePointer?
    /// What the handle was set to last; setting it costs parsing and copying, and most calls are like the one before.
    private var path: String?
    private var headers: [String]?
    private var method: UpstreamMethod?
    private var hasBody = false
    /// Memory for the head of the next answer, so that it need not be allocated again.
    private var headBuffer: [UInt8] = []

    init?(_ endpoint: UpstreamEndpoint, client: UpstreamClient) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.endpoint = endpoint
        url = curl_url()
        waiter = LoopWaiter(on: client.loop)
        weak var this: EasyHandle?
        watchdog = LoopTimer(on: client.loop) { this?.transfer?.timedOut() }
        this = self
        configure(client)
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        curl_url_cleanup(url)
    }

    /// Makes the handle ready to send `request`.
    func aim(_ request: UpstreamRequest) throws(UpstreamFailure) {
        let path = request.path
        if self.path != path {
            // Dot segments are not resolved: a segment never leads to the parent directory.
            guard curl_url_set(url, CURLUPART_URL, endpoint.url + path, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK else {
                self.path = nil
                throw .unreachable("the URL of the call is malformed")
            }
            self.path = path
        }
        if method != request.method || hasBody != request.hasBody { set(request.method, hasBody: request.hasBody) }
        guard let signature = AWSSignature(endpoint) else {
            if headers != request.headers { set(request.headers) }
            return
        }
        guard let body = request.wholeBody else { throw .unreachable("a body that is sent in pieces cannot be signed") }
        let target = endpoint.target(path)
        set(request.headers + body.withUnsafeBytes { signature.headers(request.method, target: target, body: $0, time: time(nil)) })
    }

    /// Every one of libcurl's kinds of request undoes what the others set, but for the method's name.
    private func set(_ method: UpstreamMethod, hasBody: Bool) {
        (self.method, self.hasBody) = (method, hasBody)
        let kind = hasBody ? CURLOPT_POST : method == .head ? CURLOPT_NOBODY : CURLOPT_HTTPGET
        purser_curl_set_long(easy, kind, 1)
        let isUsual = method == .head || method == (hasBody ? .post : .get)
        purser_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, isUsual ? nil : method.rawValue)
    }

    func takeHeadBuffer() -> [UInt8] {
        defer { headBuffer = [] }
        return headBuffer
    }

    /// libcurl is done with the transfer in progress.
    func end() {
        watchdog.set(.never)
        transfer?.releaseBody()
        if let transfer { headBuffer = transfer.answerHead.lines }
        transfer = nil
    }

    private func set(_ headers: [String]) {
        self.headers = headers
        let list = (Self.fixedHeaders + endpoint.headers + headers).reduce(nil) { curl_slist_append($0, $1) }
        purser_curl_set_list(easy, CURLOPT_HTTPHEADER, list)
        curl_slist_free_all(headerList)
        headerList = list
    }

    /// No coding is offered, so that an answer comes as it is; one that comes compressed nevertheless is unpacked.
    private static let fixedHeaders = ["Accept-Encoding:"]

    private func configure(_ client: UpstreamClient) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        // Parsed once for many calls: libcurl would take a text apart and put it together again at every transfer.
        purser_curl_set_pointer(easy, CURLOPT_CURLU, UnsafeRawPointer(url))
        purser_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        purser_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        purser_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        // A path goes out as it was written; nothing in it is resolved.
        purser_curl_set_long(easy, CURLOPT_PATH_AS_IS, 1)
        purser_curl_set_long(easy, CURLOPT_NOPROGRESS, 1)
        // A proxy's answer to CONNECT is not the upstream's.
        purser_curl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        purser_curl_set_long(easy, CURLOPT_TCP_NODELAY, 1)
        purser_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, endpoint.timeouts.connect.milliseconds)
        // Unpacks whatever coding the answer names, gzip and deflate among them; the limit of the body counts what comes out.
        purser_curl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "identity")
        purser_curl_set_long(easy, CURLOPT_BUFFERSIZE, 16 * 1024)
        purser_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        purser_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        purser_curl_set_long(easy, CURLOPT_HTTP09_ALLOWED, 0)
        purser_curl_set_long(easy, CURLOPT_HTTP_VERSION, endpoint.allowsHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
        if let caFile = endpoint.caFile { purser_curl_set_string(easy, CURLOPT_CAINFO, caFile) }
        if let proxy = endpoint.proxy {
            purser_curl_set_string(easy, CURLOPT_PROXY, proxy)
        } else if !CurlLibrary.environmentNamesProxy {
            // Otherwise libcurl searches the environment at every transfer.
            purser_curl_set_string(easy, CURLOPT_PROXY, "")
        }
        setCallbacks(this)
        purser_curl_set_pointer(easy, CURLOPT_PRIVATE, this)
        purser_curl_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(client).toOpaque())
        purser_curl_set_close_callback(easy) { context, socket in
            guard let context else { return 0 }
            Unmanaged<UpstreamClient>.fromOpaque(context).takeUnretainedValue().closeSocket(socket)
            return 0
        }
    }

    /// What libcurl calls while a transfer is in progress. Each call-back only finds the transfer and hands on what libcurl says.
    private func setCallbacks(_ this: UnsafeMutableRawPointer) {
        purser_curl_set_pointer(easy, CURLOPT_WRITEDATA, this)
        purser_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let handle = EasyHandle.from(context), let bytes, let transfer = handle.transfer else { return 0 }
            switch transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) {
            case .taken: return size * count
            case .pause: return Int(CURL_WRITEFUNC_PAUSE)
            case .abort: return 0
            }
        }
        purser_curl_set_pointer(easy, CURLOPT_HEADERDATA, this)
        purser_curl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let handle = EasyHandle.from(context), let bytes, let transfer = handle.transfer else { return 0 }
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            guard transfer.receiveHeaderLine(line) else { return 0 }
            if HeaderLine(line).isEnd { transfer.headEnded() }
            return line.count
        }
        purser_curl_set_pointer(easy, CURLOPT_PREREQDATA, this)
        purser_curl_set_prerequest_callback(easy) { context, _, _, _, _ in
            guard let transfer = EasyHandle.from(context)?.transfer else { return CURL_PREREQFUNC_ABORT }
            return transfer.mayBeginRequest() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
        purser_curl_set_pointer(easy, CURLOPT_READDATA, this)
        purser_curl_set_data_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
            guard let bytes, let transfer = EasyHandle.from(context)?.transfer else { return 0 }
            return transfer.offer(UnsafeMutableRawBufferPointer(start: bytes, count: size * count)) ?? Int(CURL_READFUNC_PAUSE)
        }
    }

    /// Whether the transfer in progress got as far as sending its request.
    var hasSentRequest: Bool {
        var microseconds: curl_off_t = 0
        purser_curl_get_offset(easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
        return microseconds > 0
    }

    /// Bytes of requests of the transfer in progress that have been sent, over all its connections. Bodies that follow in pieces do not count.
    var sentRequestBytes: Int {
        var bytes = 0
        purser_curl_get_long(easy, CURLINFO_REQUEST_SIZE, &bytes)
        return bytes
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> EasyHandle? {
        context.map { Unmanaged<EasyHandle>.fromOpaque($0).takeUnretainedValue() }
    }
}
