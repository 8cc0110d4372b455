internal import Gateway

/// Files besides the policies that are reloaded when they change.
struct Watches {
    private var certificates: ChangeWatch

    init(certs: String) { certificates = ChangeWatch(directory: certs, suffixes: [".pem", ".key"]) }

    mutating func certificatesChanged() -> Bool { certificates.hasChanged() }
}
