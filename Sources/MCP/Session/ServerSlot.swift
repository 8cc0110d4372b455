internal import Chat
internal import Core
internal import EventLoop
internal import Glibc
internal import Upstream

/// One server at work: started when it is first needed, shared by all requests, started again after it was lost. Belongs to the loop of its host.
final class ServerSlot {
    let settings: MCPServerSettings
    private let loop: EventLoop
    private let client: UpstreamClient
    private let reader: JSONReader
    private var session: MCPSession?
    private var starting: Task<OnHostLoop<Result<MCPSession, MCPFailure>>, Never>?
    private var backoff = StartBackoff()
    private var idleTimer: LoopTimer?
    private var callsUnderWay = 0
    private var isStopped = false
    /// Told when the server says that its tools have changed.
    var toolsChanged: (() -> Void)?

    init(_ settings: MCPServerSettings, client: UpstreamClient, reader: JSONReader, on loop: EventLoop) {
        (self.settings, self.client, self.reader, self.loop) = (settings, client, reader, loop)
        idleTimer = LoopTimer(on: loop) { [weak self] in self?.stopIfIdle() }
    }

    /// The child's process id, if there is one.
    var processID: Int32? { (session?.connection as? StdioConnection)?.processID }

    /// Does something with the session; begins one where there is none.
    func use<R>(_ body: (MCPSession) async throws(MCPFailure) -> R) async throws(MCPFailure) -> R {
        callsUnderWay += 1
        defer {
            callsUnderWay -= 1
            idleTimer?.set(loop.now + settings.idleStop)
        }
        let session = try await ready()
        return try await body(session)
    }

    private func ready() async throws(MCPFailure) -> MCPSession {
        if isStopped { throw .unavailable("the policies do not name it any more") }
        if let session, session.connection.ending == nil { return session }
        if let ending = session?.connection.ending {
            session = nil
            backoff.failed(ending, at: .now())
        }
        if starting == nil {
            if let failure = backoff.refusal(at: .now()) {
                // Who asks now has not caused it.
                if case .unavailable = failure { throw failure }
                throw .unavailable("it is started again in a moment; before, it \(failure)")
            }
            let slot = OnHostLoop(value: self)
            starting = Task(executorPreference: loop) { OnHostLoop(value: await slot.value.start()) }
        }
        let result = await starting?.value.value ?? .failure(.unavailable("it was stopped"))
        return try result.get()
    }

    private func start() async -> Result<MCPSession, MCPFailure> {
        defer { starting = nil }
        do throws(MCPFailure) {
            let connection = try connect()
            connection.told = { [weak self] method in if method == "notifications/tools/list_changed" { self?.toolsChanged?() } }
            do throws(MCPFailure) {
                let session = try await MCPSession.begin(
                    connection, reader: reader, timeout: settings.timeout, mostBytes: MCPServerSettings.mostMessageBytes)
                guard !isStopped else { throw .unavailable("the policies do not name it any more") }
                self.session = session
                return .success(session)
            } catch {
                connection.end()
                throw connection.ending.map { if case .lost("it was stopped") = $0 { error } else { $0 } } ?? error
            }
        } catch {
            backoff.failed(error, at: .now())
            return .failure(error)
        }
    }

    private func connect() throws(MCPFailure) -> any MCPConnection {
        switch settings.way {
        case .command(let arguments, let environment):
            var variables = Self.inherited
            for (name, value) in environment { variables[name] = value.reveal() }
            return try StdioConnection(
                ChildProcess.Launch(arguments, environment: variables), mostBytes: MCPServerSettings.mostMessageBytes, reader: reader,
                on: loop)
        case .url(let url, let headers, let caFile):
            let timeouts = UpstreamTimeouts(firstByte: settings.timeout, idle: settings.timeout, total: settings.timeout)
            var limits = UpstreamLimits()
            limits.bodyBytes = MCPServerSettings.mostMessageBytes
            let endpoint = UpstreamEndpoint(
                url: url, headers: ["Content-Type: application/json", "Expect:"] + headers.map { $0.reveal() }, caFile: caFile,
                timeouts: timeouts, limits: limits)
            return StreamableHTTPConnection(endpoint, client: client, reader: reader)
        }
    }

    /// What every child gets of this process' environment: nothing that could hold a secret.
    private static let inherited: [String: String] = {
        var variables: [String: String] = [:]
        for name in ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        return variables
    }()

    private func stopIfIdle() {
        guard callsUnderWay == 0, session?.connection is StdioConnection else { return }
        session?.connection.end()
        session = nil
    }

    /// Ends the session for good.
    func stop() {
        isStopped = true
        idleTimer?.set(.never)
        session?.connection.end()
    }

    /// Whether nothing of it is left.
    var isGone: Bool { (session?.connection as? StdioConnection)?.hasEnded ?? true }
}

/// When a server that could not be started, or was lost, is tried again. A pure state machine.
struct StartBackoff {
    private var failures = 0
    private var last: MCPFailure?
    private var until = MonotonicTime(nanoseconds: 0)
    private var lastFailure = MonotonicTime(nanoseconds: 0)

    /// Why no attempt is made now; `nil` when one may be.
    func refusal(at now: MonotonicTime) -> MCPFailure? { now < until ? last : nil }

    mutating func failed(_ failure: MCPFailure, at now: MonotonicTime) {
        // One that had worked for long begins anew.
        if now - lastFailure > .seconds(60) { failures = 0 }
        failures += 1
        (last, lastFailure) = (failure, now)
        // The first is tried again at once.
        until = failures == 1 ? now : now + min(.seconds(30), .milliseconds(250) * (1 << min(failures - 2, 10)))
    }

}

/// Lets tasks of the host's loop share what belongs to it. Its maker guarantees that no other thread uses it.
struct OnHostLoop<Value>: @unchecked Sendable {
    let value: Value
}
