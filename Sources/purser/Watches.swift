internal import Gateway

/// The files on disk that take effect when they change.
struct Watches {
    private var policies: ChangeWatch
    private var certificates: ChangeWatch

    init(policies: String, certs: String) {
        self.policies = ChangeWatch(directory: policies, suffixes: [".yaml", ".yml"])
        certificates = ChangeWatch(directory: certs, suffixes: [".pem", ".key"])
    }

    mutating func policiesChanged() -> Bool { policies.hasChanged() }
    mutating func certificatesChanged() -> Bool { certificates.hasChanged() }
}
