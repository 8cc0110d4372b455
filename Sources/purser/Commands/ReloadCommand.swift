internal import ArgumentParser
internal import Gateway
internal import Glibc
internal import EventLoop

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have a running gateway read its policies anew.",
        discussion: """
            Asks the gateway's admin listener, with the key of PURSER_ADMIN_KEY or of the state directory. Without --force a reload that would \
            remove every organization, every model or provider, or the team of a key in use is refused.
            """)

    @Flag(help: "Take the policies even if they remove what is in use.")
    var force = false

    @Option(
        help: ArgumentHelp(
            "Address of the admin listener; http://HOST:PORT for one without TLS. Default: 127.0.0.1:9443.", valueName: "host:port"))
    var admin = environmentDefault("ADMIN", "")

    @Option(help: "Directory of the certificates; ca.pem there is trusted.")
    var certs = environmentDefault("CERTS", "certs")

    @OptionGroup var state: StateOptions

    func run() throws {
        let text: String?
        do { text = try AdminKey.text(environment: environmentDefault("ADMIN_KEY", ""), file: state.adminKeyPath) } catch {
            throw Terminal.cannotStart(error.description)
        }
        guard let key = text else {
            throw Terminal.cannotStart("there is no admin key at \(state.adminKeyPath); give the gateway's --state, or PURSER_ADMIN_KEY")
        }
        let answer = try ask(key)
        // The gateway's response: JSON with every reason.
        let words = String(decoding: answer.body, as: UTF8.self)
        if answer.status == 200 { return Terminal.output(words + "\n") }
        Terminal.error("purser: the gateway did not reload (status \(answer.status)): \(words)")
        throw ExitStatus.no
    }

    private func ask(_ key: String) throws -> AdminClient.Answer {
        guard admin != "off", let address = ListenAddress(admin.isEmpty ? "127.0.0.1:9443" : admin) else {
            throw Terminal.cannotStart("--admin must be the address of the admin listener, HOST:PORT or http://HOST:PORT")
        }
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let authority = certs + "/ca.pem"
        let caFile = access(authority, R_OK) == 0 ? authority : nil
        func post(_ scheme: String, _ host: String) throws(AdminClient.Failure) -> AdminClient.Answer {
            try AdminClient.post(
                "\(scheme)://\(host):\(address.port)/admin/v1/reload", key: key, caFile: scheme == "http" ? nil : caFile,
                body: "{\"force\":\(force)}")
        }
        do throws(AdminClient.Failure) {
            do throws(AdminClient.Failure) { return try post(address.isPlain ? "http" : "https", host) } catch {
                // The certificate may name this machine by its host name and not by its address.
                if error.isUntrusted, ["127.0.0.1", "::1"].contains(address.host) { return try post("https", "localhost") }
                // Without an address of its own, the listener uses TLS if another listener does.
                guard admin.isEmpty, error.isUnreachable else { throw error }
                return try post("http", host)
            }
        } catch {
            throw Terminal.cannotStart(
                "the admin listener at \(address.host):\(address.port) cannot be asked: \(error); is the gateway running?")
        }
    }
}
