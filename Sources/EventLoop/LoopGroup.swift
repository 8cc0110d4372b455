internal import CLinux
internal import Glibc

/// The loops of the process, each on a thread of its own.
public final class LoopGroup: Sendable {
    /// The loops, in order of their index.
    public let loops: [EventLoop]
    private nonisolated(unsafe) var threads: [pthread_t] = []

    /// Starts `count` loops (at least one).
    /// - Throws: `SystemError` when descriptors or threads are not to be had.
    public init(count: Int) throws(SystemError) {
        var loops: [EventLoop] = []
        for index in 0..<max(1, count) { loops.append(try EventLoop(index: index)) }
        self.loops = loops
        for loop in loops { threads.append(try Self.start(loop)) }
    }

    /// Stops every loop and waits for its thread to end. Call once, from a thread that runs none of the loops.
    public func stopAndWait() {
        for loop in loops { loop.stop() }
        for thread in threads { pthread_join(thread, nil) }
    }

    private static func start(_ loop: EventLoop) throws(SystemError) -> pthread_t {
        var thread = pthread_t()
        // Retained here and released by the thread: in between, C passes the loop as a plain pointer.
        let carried = Unmanaged.passRetained(loop).toOpaque()
        let failure = pthread_create(
            &thread, nil,
            { carried in
                guard let carried else { return nil }
                let loop = Unmanaged<EventLoop>.fromOpaque(carried).takeRetainedValue()
                purser_name_thread("loop-\(loop.index)")
                loop.run()
                return nil
            }, carried)
        guard failure == 0 else {
            Unmanaged<EventLoop>.fromOpaque(carried).release()
            throw SystemError(call: "pthread_create", number: failure)
        }
        return thread
    }
}
