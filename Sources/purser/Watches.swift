internal import Gateway

/// The files on disk, besides the policies, that take effect when they change.
struct Watches {
    private var certificates: ChangeWatch

    init(certs: String) { certificates = ChangeWatch(directory: certs, suffixes: [".pem", ".key"]) }

    mutating func certificatesChanged() -> Bool { certificates.hasChanged() }
}
