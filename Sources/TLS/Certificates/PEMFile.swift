internal import COpenSSL
internal import Glibc

/// Reads and writes files of certificates and keys.
enum PEMFile {
    /// The largest file that is read, in bytes: far more than any real chain.
    private static let sizeLimit = 1 << 20

    /// All bytes of a regular file.
    static func read(_ path: String) throws(TLSConfigurationError) -> [UInt8] {
        // Non-blocking: opening a pipe without a writer would wait forever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw unreadable(path, errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw TLSConfigurationError(path, "is not a file", remedy: "put a PEM file there") }
        guard facts.st_size <= sizeLimit else {
            throw TLSConfigurationError(path, "is larger than 1 MiB", remedy: "put a PEM file there")
        }
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: sizeLimit) { buffer, count in
            while count < buffer.count {
                let got = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
                if got == 0 { break }
                if got > 0 { count += got }
                if got < 0, errno != EINTR {
                    failure = errno
                    break
                }
            }
        }
        guard failure == 0 else { throw unreadable(path, failure) }
        return bytes
    }

    private static func unreadable(_ path: String, _ number: Int32) -> TLSConfigurationError {
        let remedy =
            number == ENOENT
            ? "put it there, or make certificates for development with `purser certs create`"
            : "let the user that runs Purser read it"
        return TLSConfigurationError(path, "cannot be read (\(String(cString: strerror(number))))", remedy: remedy)
    }

    static func mentionsEncryption(_ bytes: [UInt8]) -> Bool { String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED") }

    /// Writes `bytes` to `path` in one step: readers see the old file or the whole new one, and its permissions are `mode` from the
    /// beginning.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(TLSConfigurationError) {
        let temporary = "\(path).\(UInt64.random(in: 0...(.max))).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw unwritable(path, errno) }
        let isWritten = writeAll(bytes, to: descriptor) && fsync(descriptor) == 0
        let writeError = errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let number = isWritten ? errno : writeError
            unlink(temporary)
            throw unwritable(path, number)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return false }
            }
            return true
        }
    }

    private static func unwritable(_ path: String, _ number: Int32) -> TLSConfigurationError {
        TLSConfigurationError(path, "cannot be written (\(String(cString: strerror(number))))", remedy: "choose another directory")
    }
}
