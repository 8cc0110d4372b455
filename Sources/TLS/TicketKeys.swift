internal import COpenSSL
internal import Glibc
internal import Synchronization

/// The keys that encrypt session tickets: shared by all certificates, kept across reloads, replaced by age.
///
/// A key encrypts new tickets for the first half of its life and only decrypts in the second. So a stolen key is useless after `life`, and
/// a ticket is valid for all of its session (2 hours). There is no timer: the age is checked whenever a key is used.
final class TicketKeys: Sendable {
    /// The lifetime of a key in seconds.
    static let life: Int64 = 24 * 60 * 60

    struct Key: Sendable {
        let name: [UInt8]
        let encryption: [UInt8]
        let authentication: [UInt8]
        /// The time at which the key was made, in seconds of the clock.
        let born: Int64

        /// A new random key; `nil` when the system has no random bytes.
        init?(born: Int64) {
            guard let name = Self.random(16), let encryption = Self.random(32), let authentication = Self.random(32) else { return nil }
            self.name = name
            self.encryption = encryption
            self.authentication = authentication
            self.born = born
        }

        private static func random(_ count: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            return RAND_priv_bytes(&bytes, Int32(truncatingIfNeeded: count)) == 1 ? bytes : nil
        }

        func isNamed(_ other: UnsafePointer<UInt8>) -> Bool { memcmp(name, other, name.count) == 0 }
    }

    private struct Ring {
        var sealing: Key?
        var opening: Key?
    }

    private let ring = Mutex(Ring())
    private let clock: @Sendable () -> Int64
    private let cipher: CipherHandle

    /// - Parameter clock: seconds that never run backwards and continue while the machine sleeps.
    init(clock: @escaping @Sendable () -> Int64 = TicketKeys.secondsSinceBoot) {
        self.clock = clock
        cipher = CipherHandle()
    }

    static let secondsSinceBoot: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec)
    }

    // MARK: Keys by age

    /// The key that encrypts new tickets.
    func sealingKey() -> Key? {
        ring.withLock { ring in
            age(&ring)
            return ring.sealing
        }
    }

    /// The key of that name, if it is still valid, and whether the ticket should be renewed with a newer key.
    func openingKey(named name: UnsafePointer<UInt8>) -> (key: Key, isOld: Bool)? {
        ring.withLock { ring in
            age(&ring)
            if let key = ring.sealing, key.isNamed(name) { return (key, false) }
            if let key = ring.opening, key.isNamed(name) { return (key, true) }
            return nil
        }
    }

    private func age(_ ring: inout Ring) {
        let now = clock()
        if let key = ring.opening, now - key.born >= Self.life { ring.opening = nil }
        guard let key = ring.sealing else { return ring.sealing = Key(born: now) }
        guard now - key.born >= Self.life / 2 else { return }
        ring.opening = now - key.born < Self.life ? key : nil
        ring.sealing = Key(born: now)
    }

    // MARK: OpenSSL's side

    /// Makes `context` encrypt and decrypt tickets with these keys.
    func install(in context: OpaquePointer) {
        SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, vector, cipher, mac, isSealing in
            guard let ssl, let name, let vector, let cipher, let mac, let own = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0)
            else { return TicketAnswer.failed }
            let keys = Unmanaged<TicketKeys>.fromOpaque(own).takeUnretainedValue()
            let context = TicketContext(name: name, vector: vector, cipher: cipher, mac: mac)
            return isSealing == 1 ? keys.seal(context) : keys.open(context)
        }
    }

    /// The output parameters of OpenSSL's callback.
    private struct TicketContext {
        let name: UnsafeMutablePointer<UInt8>
        let vector: UnsafeMutablePointer<UInt8>
        let cipher: OpaquePointer
        let mac: OpaquePointer
    }

    /// The results of OpenSSL's callback.
    private enum TicketAnswer {
        static let failed: Int32 = -1
        /// No such key: OpenSSL continues with a full handshake.
        static let unknown: Int32 = 0
        static let ready: Int32 = 1
        static let readyButRenew: Int32 = 2
    }

    private func seal(_ ticket: TicketContext) -> Int32 {
        guard let key = sealingKey(), RAND_bytes(ticket.vector, 16) == 1 else { return TicketAnswer.failed }
        memcpy(ticket.name, key.name, key.name.count)
        let isSet = EVP_EncryptInit_ex(ticket.cipher, cipher.pointer, nil, key.encryption, ticket.vector) == 1
        return isSet && authenticate(ticket, key) ? TicketAnswer.ready : TicketAnswer.failed
    }

    private func open(_ ticket: TicketContext) -> Int32 {
        guard let (key, isOld) = openingKey(named: ticket.name) else { return TicketAnswer.unknown }
        let isSet = EVP_DecryptInit_ex(ticket.cipher, cipher.pointer, nil, key.encryption, ticket.vector) == 1
        guard isSet, authenticate(ticket, key) else { return TicketAnswer.failed }
        return isOld ? TicketAnswer.readyButRenew : TicketAnswer.ready
    }

    private func authenticate(_ ticket: TicketContext, _ key: Key) -> Bool {
        purser_set_ticket_mac(ticket.mac, key.authentication, key.authentication.count) == 1
    }
}

/// AES-256-CBC, fetched once: a fetch per ticket would take OpenSSL's global lock.
///
/// @unchecked: OpenSSL never changes a fetched algorithm.
private final class CipherHandle: @unchecked Sendable {
    let pointer: OpaquePointer? = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)

    deinit { EVP_CIPHER_free(pointer) }
}
