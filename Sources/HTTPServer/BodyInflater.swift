internal import CZlib

/// Unpacks a request's body piece by piece. Each step makes a bounded number of bytes, whatever was packed.
///
/// Belongs to one connection.
final class BodyInflater {
    private enum State {
        /// Nothing has come yet, or the next member of a gzip file may follow.
        case between
        case inside
        /// Bare data or zlib's format has ended.
        case over
    }

    /// Packed bytes that have come and are not unpacked yet.
    var packed: [UInt8] = []
    private var start = 0
    private let coding: HTTPContentCoding
    private let stream: UnsafeMutablePointer<z_stream>
    private var isInitialized = false
    private var state = State.between
    private var hasMember = false

    /// - Parameter coding: `gzip` or `deflate`.
    init(_ coding: HTTPContentCoding) {
        self.coding = coding
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
    }

    deinit {
        if isInitialized { inflateEnd(stream) }
        stream.deallocate()
    }

    /// Unpacks some of what has come, at most `most` bytes of it, to the end of `body`.
    /// - Returns: whether there is more to unpack already.
    /// - Throws: what is wrong with the packed data.
    func unpack(into body: inout [UInt8], most: Int) throws(HTTPViolation) -> Bool {
        var left = most
        while left > 0, start < packed.count || stream.pointee.avail_out == 0 && state == .inside {
            guard try begin() else { break }
            let made = try step(into: &body, most: min(left, Self.stepBytes))
            left -= made.bytes
            if made.isStuck { break }
        }
        let hasMore = left <= 0 && (state == .inside || start < packed.count)
        if start >= packed.count {
            packed.removeAll(keepingCapacity: true)
            start = 0
        }
        return hasMore
    }

    /// - Throws: when the packed data ended in the middle.
    func finish() throws(HTTPViolation) {
        let isComplete = state == .over || state == .between && hasMember
        guard isComplete, start >= packed.count else { throw .brokenContent }
    }

    private static let stepBytes = 64 * 1024

    /// Begins a member where one is due; false when too little has come to know how.
    private func begin() throws(HTTPViolation) -> Bool {
        switch state {
        case .inside: return true
        case .over: throw .brokenContent
        case .between: break
        }
        if isInitialized {
            guard inflateReset(stream) == Z_OK else { throw .brokenContent }
        } else {
            guard let bits = windowBits else { return false }
            guard purser_inflate_init(stream, bits) == Z_OK else { throw .noRoom }
            isInitialized = true
        }
        state = .inside
        hasMember = true
        return true
    }

    /// What tells zlib which format comes; `nil` while too little has come to tell.
    private var windowBits: Int32? {
        if coding == .gzip { return 15 + 16 }
        guard packed.count - start >= 2 else { return nil }
        let (method, flags) = (packed[start], packed[start + 1])
        let isZlib = method & 0x0F == 8 && (UInt16(method) << 8 | UInt16(flags)).isMultiple(of: 31)
        return isZlib ? 15 : -15
    }

    private func step(into body: inout [UInt8], most: Int) throws(HTTPViolation) -> (bytes: Int, isStuck: Bool) {
        let available = packed.count - start
        let (made, result) = withUnsafeTemporaryAllocation(byteCount: most, alignment: 16) { output in
            packed.withUnsafeMutableBytes { input in
                stream.pointee.next_in = input.baseAddress.map { ($0 + start).assumingMemoryBound(to: UInt8.self) }
                stream.pointee.avail_in = UInt32(available)
                stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(most)
                let result = inflate(stream, Z_NO_FLUSH)
                let made = most - Int(stream.pointee.avail_out)
                body.append(contentsOf: UnsafeRawBufferPointer(output)[..<made])
                return (made, result)
            }
        }
        let taken = available - Int(stream.pointee.avail_in)
        start += taken
        switch result {
        case Z_STREAM_END: state = coding == .gzip ? .between : .over
        case Z_OK: break
        case Z_BUF_ERROR: return (made, true)
        default: throw .brokenContent
        }
        return (made, made == 0 && taken == 0)
    }
}
