internal import COpenSSL

/// OpenSSL's error queue.
///
/// It belongs to the thread, not to the connection: an error that one connection leaves there would be reported for the next one. So it is
/// cleared before, and drained right after, every call that can fail.
enum OpenSSLErrors {
    /// Empties the queue.
    /// - Returns: the oldest entry, which is the cause of the others; 0 if there was none.
    static func drain() -> UInt {
        let first = ERR_get_error()
        if first != 0 { ERR_clear_error() }
        return first
    }

    /// OpenSSL's message for a code.
    static func reason(of code: UInt) -> String {
        if code == 0 { return "unknown error" }
        guard let text = ERR_reason_error_string(code) else { return "OpenSSL error \(code)" }
        return String(cString: text)
    }

    /// Empties the queue and returns the message of the oldest entry.
    static func drainedReason() -> String { reason(of: drain()) }
}
