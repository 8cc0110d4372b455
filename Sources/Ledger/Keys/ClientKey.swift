internal import COpenSSL
public import Core

/// What a client key permits: what the gateway knows once it has recognised a key.
public struct KeyGrant: Hashable, Sendable {
    /// The public name of the key, e.g. `key_8f3kq2zd`; safe in logs and records.
    public let id: String
    /// `organization/team`, as given at creation.
    public let team: String
    /// The name that people have given the key.
    public let name: String?
    /// The models (or patterns) it may name; `nil`: whatever its team may.
    public let models: [String]?
    /// The moment from which on it is no longer accepted; `nil`: never.
    public let expires: WallTime?

    /// Makes a grant.
    public init(id: String, team: String, name: String? = nil, models: [String]? = nil, expires: WallTime? = nil) {
        self.id = id
        self.team = team
        self.name = name
        self.models = models
        self.expires = expires
    }

    /// Whether the key is past its time at `now`.
    public func isExpired(at now: WallTime) -> Bool { expires.map { $0 <= now } ?? false }
}

/// A key as `purser keys list` shows it. Its plaintext is not stored anywhere.
public struct KeyListing: Hashable, Sendable {
    /// What the key permits.
    public let grant: KeyGrant
    /// When the key was made.
    public let created: WallTime
    /// When it was revoked; `nil`: it was not.
    public let revoked: WallTime?

    package init(grant: KeyGrant, created: WallTime, revoked: WallTime?) {
        self.grant = grant
        self.created = created
        self.revoked = revoked
    }
}

/// Random texts for keys and their ids.
enum KeyText {
    static let prefix = "sk-purser-"

    /// A new key: the prefix and 256 random bits in base64url (43 characters).
    static func plaintext() throws(LedgerFailure) -> String {
        prefix + base64url(try randomBytes(32))
    }

    /// A new id: 40 random bits in lower-case base 32 without look-alikes.
    static func id() throws(LedgerFailure) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        let letters = try randomBytes(8).map { alphabet[Int($0) % alphabet.count] }
        return "key_" + String(decoding: letters, as: UTF8.self)
    }

    private static func randomBytes(_ count: Int) throws(LedgerFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else {
            throw .cannotOpen(path: "OpenSSL's random generator", detail: "no entropy")
        }
        return bytes
    }

    private static func base64url(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
