internal import CLinux
internal import Glibc

/// A program that runs as a child of this process, with pipes to its standard input, output and error.
///
/// It has a process group of its own, which is ended as a whole, and dies with this process. Belongs to its loop.
public final class ChildProcess {
    /// What to start.
    public struct Launch: Sendable {
        /// The program and its arguments; the program is looked up in `PATH` unless it has a slash. Never a shell.
        public var arguments: [String]
        /// The whole environment of the child.
        public var environment: [String: String]
        /// The most address space in bytes; `nil`: no limit.
        public var mostMemory: UInt64?

        /// Makes a launch.
        public init(_ arguments: [String], environment: [String: String], mostMemory: UInt64? = nil) {
            (self.arguments, self.environment, self.mostMemory) = (arguments, environment, mostMemory)
        }
    }

    /// Its process id.
    public let id: Int32
    /// How it ended; `nil` while it runs.
    public private(set) var ending: String?
    /// Told when bytes have come from its standard output or error, when there is room in its input, and when it has ended.
    public var changed: (() -> Void)?

    private let loop: EventLoop
    private var input, output, error: Pipe?
    private var pidfd: Pipe?
    private var killTimer: LoopTimer?

    /// Starts a program.
    /// - Throws: `SystemError` with the call that failed: `execvpe` when the program cannot be run.
    public init(_ launch: Launch, on loop: EventLoop) throws(SystemError) {
        self.loop = loop
        let ends = try Ends()
        defer { ends.closeChildEnds() }
        guard let file = launch.arguments.first else { throw SystemError(call: "execvpe", number: ENOENT) }
        let id = Self.withPointers(launch.arguments) { arguments in
            Self.withPointers(launch.environment.map { "\($0.key)=\($0.value)" }) { environment in
                purser_spawn(
                    file, arguments, environment, ends.input.child, ends.output.child, ends.error.child, nil, launch.mostMemory ?? 0)
            }
        }
        guard id > 0 else {
            let number = errno
            ends.closeOwnEnds()
            throw SystemError(call: "execvpe \(file)", number: number)
        }
        self.id = id
        input = Pipe(ends.input.own, for: [.writable, .changesOnly], of: self)
        output = Pipe(ends.output.own, for: .readable, of: self)
        error = Pipe(ends.error.own, for: .readable, of: self)
        pidfd = Pipe(purser_pidfd_open(id), for: .readable, of: self)
    }

    deinit {
        if ending == nil {
            signalGroup(SIGKILL)
            waitpid(id, nil, 0)
        }
        for pipe in [input, output, error, pidfd] { pipe?.close(loop) }
    }

    // MARK: Its streams

    /// Where bytes come from.
    public enum Stream { case output, error }

    /// What has come from the stream since the last time, at most `limit` bytes.
    /// - Returns: `nil` when no more will come.
    public func read(_ stream: Stream, upTo limit: Int = 64 * 1024) -> [UInt8]? {
        guard let pipe = stream == .output ? output : error else { return nil }
        var ended = false
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let got = Glibc.read(pipe.descriptor, buffer.baseAddress, limit)
            count = max(0, got)
            ended = got == 0 || got < 0 && errno != EAGAIN && errno != EINTR
        }
        guard bytes.isEmpty, ended else { return bytes }
        pipe.close(loop)
        if stream == .output { output = nil } else { error = nil }
        return nil
    }

    /// Writes as much as there is room for.
    /// - Returns: how many bytes were written; `nil` when the child reads no more.
    public func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let input else { return nil }
        let count = bytes.withUnsafeBytes { Glibc.write(input.descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    /// Tells the child that no more will come.
    public func closeInput() {
        input?.close(loop)
        input = nil
    }

    // MARK: Its end

    /// Ends the child and all its descendants of the group: its input ends, then it is asked, then made to.
    /// - Parameter patience: how long each of the two steps before the last may take.
    public func end(patience: Duration = .seconds(2)) {
        guard ending == nil, killTimer == nil else { return }
        closeInput()
        var hasAsked = false
        killTimer = LoopTimer(on: loop) { [weak self] in
            guard let self, self.ending == nil else { return }
            self.signalGroup(hasAsked ? SIGKILL : SIGTERM)
            hasAsked = true
            self.killTimer?.set(self.loop.now + patience)
        }
        killTimer?.set(loop.now + patience)
    }

    /// Ends it at once.
    public func kill() { signalGroup(SIGKILL) }

    private func signalGroup(_ signal: Int32) { Glibc.kill(-id, signal) }

    fileprivate func ready(_ pipe: Pipe) {
        if pipe === pidfd { reap() }
        changed?()
    }

    private func reap() {
        var status: Int32 = 0
        guard ending == nil, waitpid(id, &status, WNOHANG) == id else { return }
        let signal = status & 0x7F
        ending = signal == 0 ? "exit status \((status >> 8) & 0xFF)" : "signal \(signal)"
        // What it has started and not ended goes with it.
        signalGroup(SIGKILL)
        pidfd?.close(loop)
        pidfd = nil
        killTimer?.set(.never)
    }

    // MARK: Descriptors

    private struct Ends {
        var input: (own: Int32, child: Int32) = (-1, -1)
        var output: (own: Int32, child: Int32) = (-1, -1)
        var error: (own: Int32, child: Int32) = (-1, -1)

        init() throws(SystemError) {
            var made: [Int32] = []
            for _ in 0..<3 {
                var pair: [Int32] = [-1, -1]
                guard purser_pipe(&pair) == 0 else {
                    let number = errno
                    for descriptor in made { Glibc.close(descriptor) }
                    throw SystemError(call: "pipe2", number: number)
                }
                made += pair
            }
            (input, output, error) = ((made[1], made[0]), (made[2], made[3]), (made[4], made[5]))
            for descriptor in [input.own, output.own, error.own] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        }

        func closeChildEnds() { for descriptor in [input.child, output.child, error.child] { Glibc.close(descriptor) } }
        func closeOwnEnds() { for descriptor in [input.own, output.own, error.own] { Glibc.close(descriptor) } }
    }

    private static func withPointers<R>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let pointers = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }

    /// A watched descriptor.
    fileprivate final class Pipe: ReadinessHandler {
        let descriptor: Int32
        private weak var child: ChildProcess?
        private var isOpen = true

        init(_ descriptor: Int32, for readiness: Readiness, of child: ChildProcess) {
            self.descriptor = descriptor
            self.child = child
            // Cannot fail but for lack of kernel memory; then the time-outs of calls end what waits for it.
            try? child.loop.watch(descriptor, for: readiness, handler: self)
        }

        func ready(_ descriptor: Int32, for readiness: Readiness) { child?.ready(self) }

        func close(_ loop: EventLoop) {
            guard isOpen else { return }
            isOpen = false
            loop.unwatch(descriptor)
            Glibc.close(descriptor)
        }
    }
}
