public import EventLoop

/// A request body that is written while it is sent, as fast as the upstream takes it: for bodies that are not there as a whole, or too large for that.
///
/// Belongs to one loop and to one request. Unchecked, because requests are values that may name it; it is used on its loop only.
public final class UpstreamUpload: @unchecked Sendable {
    /// Bytes in all; `nil` where the length is not known yet: then the body is sent in chunks.
    let length: Int?
    private var bytes: [UInt8] = []
    private var sentCount = 0
    private var isEnded = false
    private var isClosed = false
    private let writer: LoopWaiter
    /// Whether libcurl has asked for more than there was.
    private(set) var isStarved = false
    /// Makes libcurl ask for bytes again.
    var resume: (() -> Void)?

    /// Bytes that may wait for the upstream before the writer has to wait.
    private static let most = 64 * 1024

    /// Makes an empty body.
    /// - Parameter length: bytes that will be written in all; `nil` when that is not known. The upstream counts on it.
    public init(length: Int? = nil, on loop: EventLoop) {
        self.length = length
        writer = LoopWaiter(on: loop)
    }

    /// Adds to what is to be sent. What is written after the end, or when the call is over, goes nowhere.
    public func write(_ more: some Sequence<UInt8>) {
        guard !isEnded, !isClosed else { return }
        bytes.append(contentsOf: more)
        feed()
    }

    /// Says that nothing more comes.
    public func end() {
        isEnded = true
        feed()
    }

    /// Waits until little enough is unsent for more to be written; false when the call is over or the task was cancelled.
    public func readyForMore() async -> Bool {
        while !isClosed, !Task.isCancelled, unsentCount > Self.most { await writer.waitUnlessCancelled() }
        return !isClosed && !Task.isCancelled
    }

    // MARK: The transfer's side

    private var unsentCount: Int { bytes.count - sentCount }

    /// Moves what fits into `memory`.
    /// - Returns: how many bytes; 0 at the end, `nil` when there are none yet.
    func read(into memory: UnsafeMutableRawBufferPointer) -> Int? {
        let count = min(memory.count, unsentCount)
        isStarved = count == 0 && !isEnded
        if isStarved { return nil }
        bytes.withUnsafeBytes { memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sentCount..<sentCount + count])) }
        sentCount += count
        if sentCount >= Self.most || sentCount == bytes.count {
            bytes.removeFirst(sentCount)
            sentCount = 0
        }
        if unsentCount <= Self.most { writer.wake() }
        return count
    }

    /// libcurl is done with the transfer.
    func close() {
        isClosed = true
        resume = nil
        bytes = []
        sentCount = 0
        writer.wake()
    }

    private func feed() {
        guard isStarved, unsentCount > 0 || isEnded else { return }
        isStarved = false
        resume?()
    }
}
