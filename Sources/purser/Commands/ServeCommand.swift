internal import ArgumentParser
internal import Chat
internal import EventLoop
internal import Glibc
internal import Logging

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Serve clients.")

    @OptionGroup var policyOptions: PolicyOptions
    @OptionGroup var stateOptions: StateOptions

    @Option(help: ArgumentHelp("Address to listen on; repeatable. http://HOST:PORT serves without TLS.", valueName: "host:port"))
    var listen: [String] = []

    @OptionGroup var adminOptions: AdminOptions

    @Option(help: "Directory of the certificates: server.pem and server.key, NAME.pem and NAME.key for further names.")
    var certs = environmentDefault("CERTS", "certs")

    @OptionGroup var overloadOptions: OverloadOptions

    @OptionGroup var idempotencyOptions: IdempotencyOptions

    @Option(
        help: ArgumentHelp(
            "Seconds for which stored client keys stay valid while their store cannot be read. Default: 300.", valueName: "s"))
    var keyGrace: Int?

    @Option(help: "Event loops. Default: one per core.")
    var loops: Int?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = environmentDefault("LOG_LEVEL", "notice")

    @Option(help: "How a commit of the ledger reaches the disk: normal survives the death of the process, full also a power cut.")
    var ledgerSync = environmentDefault("LEDGER_SYNC", "normal")

    func validate() throws {
        _ = try addresses()
        guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("--log-level \(logLevel) is not a level.") }
        guard ["normal", "full"].contains(ledgerSync) else { throw ValidationError("--ledger-sync must be normal or full.") }
        guard (0...86_400).contains(keyGraceSeconds) else { throw ValidationError("--key-grace must be between 0 and 86400.") }
        guard loopCount > 0, loopCount <= 256 else { throw ValidationError("--loops must be between 1 and 256.") }
    }

    func run() throws {
        let addresses = try addresses()
        let service = try GatewayService(
            configuration: GatewayService.Configuration(
                policies: policyOptions.policies, certs: certs, state: stateOptions, addresses: addresses,
                admin: try adminOptions.listener(beside: addresses, keyPath: stateOptions.adminKeyPath), loops: loopCount,
                maxRequests: try overloadOptions.requests(),
                maxRequestsPerKey: try overloadOptions.requestsPerKey(), maxRequestsPerTeam: try overloadOptions.requestsPerTeam(),
                maxJSONValues: try overloadOptions.jsonValues(),
                keyGrace: .seconds(keyGraceSeconds),
                maxMemory: try overloadOptions.memory(), idempotency: try idempotencyOptions.limits(),
                logLevel: Logger.Level(rawValue: logLevel) ?? .notice, ledgerSyncsFully: ledgerSync == "full"))
        try service.runUntilTold()
    }

    private var keyGraceSeconds: Int { keyGrace ?? Int(environmentDefault("KEY_GRACE", "300")) ?? 300 }

    private var loopCount: Int { loops ?? Int(environmentDefault("LOOPS", "")) ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    private func addresses() throws -> [ListenAddress] {
        let texts = listen.isEmpty ? environmentDefault("LISTEN", "127.0.0.1:8443").split(separator: ",").map(String.init) : listen
        return try texts.map { text in
            guard let address = ListenAddress(text) else {
                throw ValidationError("--listen \(ShownAddress.argument(text)): expected HOST:PORT or http://HOST:PORT.")
            }
            return address
        }
    }
}
