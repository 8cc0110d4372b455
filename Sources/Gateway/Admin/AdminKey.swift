internal import Chat
internal import Core
internal import Glibc
internal import Ledger

/// The one key of the admin listener; only its digest is kept in memory.
public struct AdminKey: Sendable {
    let digest: KeyDigest
    /// Whether the key is so short that it could be guessed; a generated key never is.
    public let isShort: Bool

    /// The key of the environment or, without one, of the file at `path`. A missing file is made with 256 random bits, readable by its
    /// owner only.
    /// - Throws: `AdminKeyError`, with the remedy.
    public init(environment: String?, file path: String) throws(AdminKeyError) {
        if let environment, !environment.isEmpty {
            try self.init(environment, from: "PURSER_ADMIN_KEY")
        } else if let text = try AdminKeyFile.read(path) {
            try self.init(text, from: path)
        } else {
            let text = Self.random()
            try AdminKeyFile.write(text, path)
            try self.init(text, from: path)
        }
    }

    /// The key in plain text, for commands; `nil` when there is none.
    /// - Throws: `AdminKeyError`, with the remedy.
    public static func text(environment: String?, file path: String) throws(AdminKeyError) -> String? {
        if let environment, !environment.isEmpty { return environment }
        return try AdminKeyFile.read(path)
    }

    private init(_ text: String, from source: String) throws(AdminKeyError) {
        guard !text.isEmpty, text.utf8.count <= 512, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw AdminKeyError("\(source) must hold one key: up to 512 printable ASCII characters without spaces; correct it or remove it")
        }
        digest = KeyDigest.sha256(of: text)
        isShort = text.utf8.count < 16
    }

    /// The system's generator is the kernel's own (getrandom).
    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return "sk-purser-admin-" + words.joined()
    }
}

/// Why there is no admin key.
public struct AdminKeyError: Error, CustomStringConvertible {
    /// The reason and the remedy. Never contains the key.
    public let description: String

    init(_ description: String) { self.description = description }

    init(_ what: String, _ number: Int32) {
        self.init("\(what): \(String(cString: strerror(number))); give the key in PURSER_ADMIN_KEY, or another directory with --state")
    }
}

/// The file of the admin key.
private enum AdminKeyFile {
    /// The first line; `nil` when there is no file.
    static func read(_ path: String) throws(AdminKeyError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw AdminKeyError("cannot read the admin key \(path)", errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw AdminKeyError("\(path) is not a regular file; remove it, the next start makes it anew")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw AdminKeyError(
                "\(path) can be used by others than its owner, so the key may be known to them; remove it, the next start makes a new one")
        }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw AdminKeyError("cannot read the admin key \(path)", errno) }
        let line = bytes.prefix(count)
        return String(decoding: line.last == UInt8(ascii: "\n") ? line.dropLast() : line, as: UTF8.self)
    }

    /// Writes the file in one step, so that a crash leaves no empty key.
    static func write(_ text: String, _ path: String) throws(AdminKeyError) {
        let unfinished = path + ".new"
        unlink(unfinished)
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw AdminKeyError("cannot make the admin key \(path)", errno) }
        let bytes = Array((text + "\n").utf8)
        let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let number = errno
        close(descriptor)
        guard isWritten else { throw AdminKeyError("cannot write the admin key \(path)", number) }
        guard rename(unfinished, path) == 0 else { throw AdminKeyError("cannot make the admin key \(path)", errno) }
    }
}
