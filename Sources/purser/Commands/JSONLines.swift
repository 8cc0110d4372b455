internal import Chat
internal import Glibc

/// Reads JSON lines from standard input or a file one by one, in bounded memory.
struct JSONLines {
    /// The longest line in bytes: a file without line ends must not fill the memory.
    private static let longestLine = 64 << 20
    private static let chunk = 1 << 16

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    /// The number of the line returned last, from 1.
    private(set) var lineNumber = 0

    /// - Parameter descriptor: an open file; stays open.
    init(descriptor: Int32) { self.descriptor = descriptor }

    /// The next line that is not blank, with the padding that the JSON reader needs; `nil` at the end.
    /// - Throws: `JSONLineFailure` when reading fails or a line is too long.
    mutating func next() throws(JSONLineFailure) -> [UInt8]? {
        while let line = try nextLine() {
            lineNumber += 1
            if line.contains(where: { $0 > 32 }) { return line }
        }
        return nil
    }

    private mutating func nextLine() throws(JSONLineFailure) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 10) {
                defer { start = end + 1 }
                return line(start..<end)
            }
            searched = buffer.count
            if isAtEnd {
                defer { start = buffer.count }
                return start < buffer.count ? line(start..<buffer.count) : nil
            }
            searched -= try fill()
        }
    }

    private func line(_ range: Range<Int>) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(range.count + JSONReader.padding)
        line.append(contentsOf: buffer[range])
        return line
    }

    /// Reads more bytes. Returns by how many bytes the buffer's content moved forward.
    private mutating func fill() throws(JSONLineFailure) -> Int {
        let moved = start
        buffer.removeSubrange(..<start)
        start = 0
        guard buffer.count < Self.longestLine else {
            throw JSONLineFailure("line \(lineNumber + 1) is longer than \(Self.longestLine >> 20) MB")
        }
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.chunk))
        let count = buffer.withUnsafeMutableBytes { [descriptor] in
            Self.retryingRead(descriptor, $0.baseAddress.map { $0 + old }, Self.chunk)
        }
        let code = errno
        buffer.removeLast(Self.chunk - max(0, count))
        guard count >= 0 else { throw JSONLineFailure("reading failed: \(String(cString: strerror(code)))") }
        isAtEnd = count == 0
        return moved
    }

    private static func retryingRead(_ descriptor: Int32, _ target: UnsafeMutableRawPointer?, _ size: Int) -> Int {
        while true {
            let count = read(descriptor, target, size)
            if count >= 0 || errno != EINTR { return count }
        }
    }
}

/// Why a line could not be used.
struct JSONLineFailure: Error {
    let description: String
    init(_ description: String) { self.description = description }
}
