internal import Glibc

/// A system call that failed.
public struct SystemError: Error, CustomStringConvertible, Sendable {
    /// The call's name.
    public let call: String
    /// Its `errno`.
    public let number: Int32

    /// Makes an error.
    public init(call: String, number: Int32) {
        self.call = call
        self.number = number
    }

    /// The call and the system's message, e.g. `bind: Address already in use`.
    public var description: String { "\(call): \(String(cString: strerror(number)))" }

    /// Passes a call's result on, or throws when it is negative.
    public static func check(_ result: Int32, _ call: String) throws(SystemError) -> Int32 {
        if result < 0 { throw SystemError(call: call, number: errno) }
        return result
    }
}
