internal import Glibc

/// Output for people.
enum Terminal {
    /// Writes a line to standard error.
    static func error(_ text: String) { write(Array((text + "\n").utf8), to: STDERR_FILENO) }

    /// Replaces the progress line on standard error, which must be a terminal.
    static func progress(_ text: String) { write(Array(("\r\u{1B}[K" + text).utf8), to: STDERR_FILENO) }

    /// Writes text to standard output as it is.
    static func output(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

    /// Writes bytes to standard output.
    static func output(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    /// Writes all bytes, or as many as can be written before the reader closes.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Reports why the program cannot start. Returns the status to exit with.
    static func cannotStart(_ reason: String) -> ExitStatus {
        error("purser: " + reason)
        return .cannotStart
    }
}
