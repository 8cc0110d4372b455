public import Core

/// Where client keys are kept, for commands that make, list and revoke them.
public protocol ClientKeyStore: Sendable {
    /// Makes a key.
    /// - Parameters:
    ///   - team: `organization/team`, or the team alone.
    ///   - name: what people call it.
    ///   - models: the models (or patterns) it may name; `nil`: whatever its team may.
    ///   - expires: the moment from which on it is not accepted.
    func create(team: String, name: String?, models: [String]?, expires: WallTime?) throws(LedgerFailure) -> CreatedKey

    /// All keys, revoked and expired ones included, oldest first.
    func list() throws(LedgerFailure) -> [KeyListing]

    /// Revokes the key named `id`; gateways notice within a second. Revoking it again changes nothing.
    /// - Throws: ``LedgerFailure/invalid(_:)`` when there is no such key.
    func revoke(_ id: String) throws(LedgerFailure)
}

/// Where a gateway finds the keys that are valid.
public protocol KeySource: Sendable {
    /// A new snapshot if keys may have changed since the last one, `nil` otherwise. The first call always returns one.
    /// Does not wait for anything but a local file.
    func snapshotIfChanged() throws(LedgerFailure) -> KeySnapshot?
}

extension KeyStore: ClientKeyStore {}
extension KeyDirectory: KeySource {}

/// A key that was just made.
public struct CreatedKey: Sendable {
    /// Its public name.
    public let id: String
    /// The key itself. To be shown once; it cannot be had again.
    public let plaintext: String

    /// Makes a random key.
    package init() throws(LedgerFailure) {
        id = try KeyText.id()
        plaintext = try KeyText.plaintext()
    }

    /// Refuses what cannot be stored.
    package static func check(team: String, models: [String]?) throws(LedgerFailure) {
        guard !team.isEmpty, team.utf8.allSatisfy({ $0 >= 0x20 }) else { throw .invalid("a key needs a team, such as acme/research") }
        if let models, models.isEmpty || models.contains(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "\n")) }) {
            throw .invalid("the list of models has an empty name; leave it out to allow all models of the team")
        }
    }
}
