internal import ArgumentParser
internal import Chat
internal import EventLoop
internal import Gateway
internal import HTTPServer
internal import Logging
internal import TLS

/// The options of the admin listener.
struct AdminOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Address of the admin listener, or off. http://HOST:PORT serves without TLS. Default: 127.0.0.1:9443, with TLS if any --listen has it.",
            valueName: "host:port"))
    var admin = environmentDefault("ADMIN", "")

    @Option(help: ArgumentHelp("A further host name under which clients reach the admin listener; repeatable.", valueName: "name"))
    var adminHost: [String] = []

    /// The listener's configuration; `nil` for `off`.
    /// - Throws: `ExitStatus.cannotStart` after saying what is wrong with the address.
    func listener(beside addresses: [ListenAddress], keyPath: String) throws -> AdminListenerConfiguration? {
        if admin == "off" { return nil }
        let names = adminHost.isEmpty ? environmentDefault("ADMIN_HOST", "").split(separator: ",").map(String.init) : adminHost
        if admin.isEmpty {
            let address = ListenAddress(host: "127.0.0.1", port: 9443, isPlain: addresses.allSatisfy(\.isPlain))
            return AdminListenerConfiguration(address: address, names: names, keyPath: keyPath, isDefault: true)
        }
        guard let address = ListenAddress(admin) else {
            throw Terminal.cannotStart(
                "--admin \(ShownAddress.argument(admin)) is no address: give HOST:PORT, http://HOST:PORT, or off for no admin listener")
        }
        if addresses.contains(where: { $0.host == address.host && $0.port == address.port }) {
            throw Terminal.cannotStart("--admin \(address) is an address of --listen too: the admin listener needs one of its own, or off")
        }
        return AdminListenerConfiguration(address: address, names: names, keyPath: keyPath)
    }
}

/// The configuration of the admin listener.
struct AdminListenerConfiguration {
    let address: ListenAddress
    /// Further host names that the listener accepts.
    let names: [String]
    let keyPath: String
    /// Whether the address is the default: the gateway then starts even if another one already uses it.
    var isDefault = false

    /// Makes the key if there is none, and starts the listener.
    /// - Throws: `ExitStatus.cannotStart` after saying why and what to do.
    /// - Returns: `nil` when another gateway uses the default address.
    func start(_ gateway: Gateway, _ tls: TLSServerContext?, on loop: EventLoop, _ log: Logger) throws -> HTTPServer? {
        let environment = environmentDefault("ADMIN_KEY", "")
        let key: AdminKey
        do { key = try AdminKey(environment: environment, file: keyPath) } catch { throw Terminal.cannotStart(error.description) }
        if key.isShort { log.warning("PURSER_ADMIN_KEY is shorter than 16 characters and may be guessed; choose a longer one") }
        let access = AdminAccess(address: address, names: names, key: key)
        let address = address
        let server = loop.runAndWait { () -> Result<HTTPServer, SystemError> in
            let handler = AdminHandler(gateway, access: access, loop: loop)
            let server = HTTPServer(loop: loop, handler: handler, limits: AdminHandler.limits, maxConnections: 64)
            do throws(SystemError) {
                try Listener.checkFree(address)
                _ = try server.listen(on: address, tls: tls)
                return .success(server)
            } catch { return .failure(error) }
        }
        do { return try server.get() } catch {
            if isDefault {
                log.warning(
                    "no admin listener: its default address is taken; choose another with --admin", metadata: ["reason": "\(error)"])
                return nil
            }
            throw Terminal.cannotStart("the admin listener cannot start: \(error); choose another address with --admin, or --admin off")
        }
    }
}
