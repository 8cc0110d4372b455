internal import ArgumentParser
internal import TLS

struct CertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs", abstract: "Make certificates for development.", subcommands: [Create.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a development CA (ca.pem, ca.key) and a certificate for the hosts (server.pem, server.key).")

        @Option(parsing: .upToNextOption, help: "Host names and addresses that clients will use.")
        var host: [String] = ["localhost", "127.0.0.1", "::1"]

        @Option(help: "Directory to write to.")
        var certs = environmentDefault("CERTS", "certs")

        func run() throws {
            do {
                let files = try DevelopmentCA.create(directory: certs, hosts: host)
                print(files.summary)
            } catch {
                throw Terminal.cannotStart("\(error)")
            }
        }
    }
}
