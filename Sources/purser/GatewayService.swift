internal import Execution
internal import EventLoop
internal import Execution
internal import Gateway
internal import Glibc
internal import HTTPServer
internal import Ledger
internal import Limits
internal import Logging
internal import MCP
internal import Policies
internal import SharedLedger
internal import TLS

/// The running gateway: makes all long-lived objects, connects them, and ends them in order.
final class GatewayService {
    struct Configuration {
        let policies: String
        let certs: String
        let state: StateOptions
        let addresses: [ListenAddress]
        /// The admin listener; `nil`: none.
        let admin: AdminListenerConfiguration?
        let loops: Int
        let maxRequests: Int
        /// The most requests under way of one client key; `nil`: its share.
        let maxRequestsPerKey: Int?
        /// For all keys of a team; `nil`: its share.
        let maxRequestsPerTeam: Int?
        let maxJSONValues: Int
        let keyGrace: Duration
        /// The bound on memory in bytes.
        let maxMemory: Int
        let idempotency: IdempotencyLimits
        let logLevel: Logger.Level
        let ledgerSyncsFully: Bool
    }

    private let log: Logger
    private let tls: TLSServerContext?
    private let gateway: Gateway
    private let group: LoopGroup
    private let servers: [HTTPServer]
    private var signals = Signals()
    private var watches: Watches

    /// Makes all objects and starts to listen.
    /// - Throws: `ExitStatus.cannotStart` after saying why and what to do.
    init(configuration: Configuration) throws {
        ProcessLimits.prepare()
        ProcessMemory.prepare()
        signals.block()
        log = GatewayLog.make(configuration.logLevel)
        do { group = try LoopGroup(count: configuration.loops) } catch { throw Terminal.cannotStart(error.description) }
        tls = try Self.loadCertificates(configuration)
        gateway = try Self.makeGateway(configuration, log, AlertSender(loop: group.loops[0], log: log))
        // The admin listener starts first: when the gateway is ready, the listener is too.
        var started: [HTTPServer] = []
        if let server = try configuration.admin?.start(gateway, tls, on: group.loops[0], log) { started.append(server) }
        let publicServers = try Self.startServers(configuration, gateway, tls, group)
        servers = started + publicServers
        try Self.watchMemory(gateway, publicServers, log)
        watches = Watches(certs: configuration.certs)
        let addresses = configuration.addresses.map(\.description).joined(separator: " ")
        log.notice(
            "listening",
            metadata: [
                "addresses": "\(addresses)", "admin": "\(configuration.admin?.address.description ?? "off")",
                "max_memory": "\(MemorySize.text(configuration.maxMemory))",
            ])
    }

    private static func loadCertificates(_ configuration: Configuration) throws -> TLSServerContext? {
        let addresses = configuration.addresses + (configuration.admin.map { [$0.address] } ?? [])
        guard addresses.contains(where: { !$0.isPlain }) else { return nil }
        do { return try TLSServerContext(directory: configuration.certs) } catch { throw Terminal.cannotStart("\(error)") }
    }

    private static func makeGateway(_ configuration: Configuration, _ log: Logger, _ alerts: AlertSender) throws -> Gateway {
        try configuration.state.prepare()
        let url = try configuration.state.ledgerURL()
        do {
            let policies = try PolicyStore(directory: configuration.policies, environment: ProcessEnvironment.all, log: log)
            var settings = SQLiteLedger.Settings()
            settings.durability = configuration.ledgerSyncsFully ? .full : .normal
            let progress = ProgressLine("upgrading the ledger")
            settings.report = { progress.show($0.done, of: $0.total) }
            let opened = try LedgerStores.open(url, state: configuration.state.state, settings: settings)
            progress.clear()
            let inDoubt = opened.ledger.statistics.inDoubt
            if inDoubt > 0 {
                log.warning(
                    "requests were open when the last run ended; charged in full, `purser ledger list --in-doubt` shows them",
                    metadata: ["requests": "\(inDoubt)"])
            }
            let keys = LiveKeys(source: opened.keys, grace: configuration.keyGrace, log: log)
            let budgets = try Budgets(
                policies.current.snapshot, ledger: opened.ledger,
                lease: opened.shared.map { shared in { shared.keepLeases(of: $0, failsOpen: $1) } }, log: log,
                hooks: LimitHooks(log, alerts))
            let mcp = MCPHost()
            try mcp.adopt(policies.current.snapshot.mcpServers.map { MCPServerSettings($0) })
            return Gateway(
                policies: policies, keys: keys, ledger: opened.ledger, budgets: budgets, maxRequests: configuration.maxRequests,
                maxRequestsPerKey: configuration.maxRequestsPerKey, maxRequestsPerTeam: configuration.maxRequestsPerTeam,
                mostJSONValues: configuration.maxJSONValues,
                memory: MemoryBudget(limit: configuration.maxMemory), mcp: mcp,
                idempotency: configuration.idempotency, log: log)
        } catch {
            throw Terminal.cannotStart("\(error)")
        }
    }

    /// One server per loop, each with a listener of its own on every address.
    private static func startServers(
        _ configuration: Configuration, _ gateway: Gateway, _ tls: TLSServerContext?, _ group: LoopGroup
    ) throws -> [HTTPServer] {
        do { for address in configuration.addresses { try Listener.checkFree(address) } } catch {
            throw Terminal.cannotStart("\(error); choose another address with --listen")
        }
        var servers: [HTTPServer] = []
        let connections = max(64, ProcessLimits.descriptors / 2 / group.loops.count)
        let unsent = gateway.memory.limit / 16 / group.loops.count
        let limits = HTTPLimits(body: min(HTTPLimits().body, gateway.memory.largestBody))
        for loop in group.loops {
            let server = loop.runAndWait { () -> Result<HTTPServer, StartFailure> in
                do {
                    let handler = try GatewayLoop(gateway, loop: loop)
                    let server = HTTPServer(
                        loop: loop, handler: handler, limits: limits, maxConnections: connections, unsentAllowance: unsent)
                    for address in configuration.addresses { _ = try server.listen(on: address, tls: tls) }
                    return .success(server)
                } catch { return .failure(StartFailure(description: "\(error)")) }
            }
            do { servers.append(try server.get()) } catch { throw Terminal.cannotStart(error.description) }
        }
        return servers
    }

    /// Watches memory ten times a second, on a thread of its own: returning memory to the system can take long, and must delay neither a
    /// loop nor the handling of signals.
    private static func watchMemory(_ gateway: Gateway, _ servers: [HTTPServer], _ log: Logger) throws {
        let watch = MemoryWatch(gateway, trim: ProcessMemory.trimHeap) { state in
            for server in servers { server.loop.execute { server.saveMemory(state != .enough) } }
        }
        if let available = ProcessMemory.available, gateway.memory.limit > available {
            log.warning(
                "--max-memory is more than this machine or its control group has",
                metadata: ["max_memory": "\(MemorySize.text(gateway.memory.limit))", "available": "\(MemorySize.text(available))"])
        }
        guard Ticker.start("memory", every: 100_000, { watch.look(at: .now()) }) else {
            throw Terminal.cannotStart("no thread is left to watch the memory; raise the limit on processes (ulimit -u)")
        }
    }

    // MARK: Running

    /// Handles signals and changed files until the gateway is told to end, then drains.
    func runUntilTold() throws {
        ProcessMemory.trim()
        while true {
            switch signals.wait(milliseconds: 250) {
            case .end: return try shutDown()
            case .reload: reload()
            case nil: lookForChanges()
            }
        }
    }

    private func lookForChanges() {
        gateway.keys.refresh()
        gateway.forgetExpired()
        gateway.lookForPolicyChanges()
        if watches.certificatesChanged() { reloadCertificates() }
    }

    private func reload() {
        // The next checks take the files: a signal together with a change of files is one reload.
        gateway.policies.wantReload()
        lookForChanges()
        reloadCertificates()
    }

    private func reloadCertificates() {
        switch tls?.reload() {
        case .reloaded: log.notice("certificates reloaded")
        case .failed(let reason): log.error("certificates refused, the old ones stay in use", metadata: ["reason": "\(reason)"])
        case .unchanged, nil: break
        }
    }

    /// Lets every request finish for up to 30 s, then ends the rest; a second signal ends it at once. The ledger is closed last.
    private func shutDown() throws {
        log.notice("draining")
        gateway.beginDraining()
        let idle = IdleCount(servers.count)
        for server in servers { server.loop.execute { server.drain { idle.countDown() } } }
        let end = MonotonicTime.now() + .seconds(30)
        while !(idle.isReached && gateway.isIdle), MonotonicTime.now() < end {
            if signals.wait(milliseconds: 20) == .end { _exit(1) }
        }
        for server in servers { server.loop.execute { server.abortConnections() } }
        gateway.abortUnattended()
        let abortEnd = MonotonicTime.now() + .seconds(2)
        while !(idle.isReached && gateway.isIdle), MonotonicTime.now() < abortEnd { usleep(5_000) }
        gateway.mcp.stop()
        do { try gateway.ledger.close() } catch {
            log.critical("usage records stay in the journals until the next start", metadata: ["reason": "\(error)"])
            throw ExitStatus.no
        }
        log.notice("stopped")
    }
}

/// Why a loop could not start to serve.
private struct StartFailure: Error, CustomStringConvertible {
    let description: String
}
