internal import Glibc

/// Writing for people.
enum Terminal {
    /// Writes a line to standard error.
    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Writes text to standard output as it is.
    static func output(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Writes text to standard error as it is.
    static func progress(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Writes all of `text`, or as much as the reader at the other end takes.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Says why the program cannot start, and ends it.
    static func cannotStart(_ reason: String) -> ExitStatus {
        error("purser: " + reason)
        return .cannotStart
    }
}
