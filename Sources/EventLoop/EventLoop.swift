internal import CLinux
internal import Glibc
internal import Synchronization

/// The readiness of a descriptor.
public struct Readiness: OptionSet, Sendable {
    /// The bits as epoll knows them.
    public let rawValue: UInt32
    /// Makes a set from epoll's bits.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes, or a connection to accept, can be read.
    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    /// There is room to write.
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer will send no more.
    public static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// The connection is gone in both directions.
    public static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue)
    /// An error is pending.
    public static let failed = Readiness(rawValue: EPOLLERR.rawValue)
    /// Edge-triggered: the handler is called on changes only, and reads and writes until it would block.
    public static let changesOnly = Readiness(rawValue: EPOLLET.rawValue)
}

/// Called when a watched descriptor is ready; always on the loop's thread.
public protocol ReadinessHandler: AnyObject {
    /// `descriptor` is ready for `readiness`.
    func ready(_ descriptor: Int32, for readiness: Readiness)
}

/// Called at the end of a round of the loop; always on the loop's thread.
public protocol RoundEndHandler: AnyObject {
    /// All events and jobs of this round have run: the moment to write out, once, what they have produced.
    func roundEnded()
}

/// An event loop of one thread: an epoll set, timers and a queue of jobs.
///
/// The loop is the *task executor* of the requests it accepted: an `async` function started by `spawn` never leaves this thread, so it may use
/// everything that belongs to the loop without locks. Apart from `spawn`, `execute`, `stop` and the executor's own `enqueue`, nothing here may
/// be called from another thread.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    /// Position of the loop in its group, from 0.
    public let index: Int
    /// The clock as read at the start of this round: exact enough for timeouts, and without a system call.
    public private(set) var now = MonotonicTime.now()

    var timers = TimerHeap()
    private let epoll: Int32
    private let wakeUp: Int32
    private var handlers: [Watch] = []
    private var jobs: [UnownedJob] = []
    private var runningJobs: [UnownedJob] = []
    private var roundEnd: [any RoundEndHandler] = []
    private var events: UnsafeMutableBufferPointer<epoll_event>
    private let incoming = Mutex(Incoming())
    /// The thread that runs the loop; zero, which no thread is, before. Others read it, so it is atomic.
    private let thread = Atomic<pthread_t>(0)
    private var wakeUpCame = false

    /// Jobs from other threads.
    private struct Incoming {
        var jobs: [UnownedJob] = []
        var actions: [@Sendable () -> Void] = []
        var stop = false
        var wakeUpSent = false
    }

    /// A watched descriptor. The generation tells an event of this watch from one of an earlier watch on the same number.
    private struct Watch {
        var handler: (any ReadinessHandler)?
        var generation: UInt32 = 0
    }

    /// Makes a loop; `run` must be called on the thread that is to own it.
    /// - Throws: `SystemError` when the system has no descriptors left.
    public init(index: Int = 0) throws(SystemError) {
        _ = Self.brokenPipesAreErrors
        self.index = index
        epoll = try SystemError.check(epoll_create1(Int32(EPOLL_CLOEXEC)), "epoll_create1")
        wakeUp = try SystemError.check(eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC)), "eventfd")
        events = .allocate(capacity: 256)
        var event = epoll_event()
        purser_epoll_set(&event, EPOLLIN.rawValue, Self.wakeUpTag)
        _ = try SystemError.check(epoll_ctl(epoll, EPOLL_CTL_ADD, wakeUp, &event), "epoll_ctl")
    }

    deinit {
        events.deallocate()
        close(epoll)
        close(wakeUp)
    }

    /// A write to a connection that the peer has closed must fail and not end the process: libssl and libcurl write without `MSG_NOSIGNAL`.
    private static let brokenPipesAreErrors: Void = { signal(SIGPIPE, SIG_IGN) }()

    private static let wakeUpTag = UInt64.max

    // MARK: Running

    /// Runs the loop on the calling thread until `stop`.
    public func run() {
        thread.store(pthread_self(), ordering: .relaxed)
        while !takeIncoming() {
            runRound()
            waitForEvents()
        }
        runRound()
        releaseWatches()
    }

    /// Handlers may retain the loop: it releases them here, so that both can be deallocated. Some end their watches in `deinit`.
    private func releaseWatches() {
        var released: ([Watch], TimerHeap) = ([], TimerHeap())
        swap(&released.0, &handlers)
        swap(&released.1, &timers)
        withExtendedLifetime(released) {}
    }

    /// Ends `run` after the current round; safe from any thread.
    public func stop() { leave { $0.stop = true } }

    /// Runs `action` on the loop, soon; safe from any thread.
    public func execute(_ action: @escaping @Sendable () -> Void) { leave { $0.actions.append(action) } }

    /// Runs `action` on the loop and waits for its result; never call it from the loop itself.
    public func runAndWait<R: Sendable>(_ action: @escaping @Sendable () -> R) -> R {
        let done = Handover<R>()
        execute { done.put(action()) }
        return done.take()
    }

    /// Starts `operation` as a task that runs on this loop from its first to its last instruction; safe from any thread.
    @discardableResult
    public func spawn(_ operation: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self, operation: operation)
    }

    /// Runs `operation` as a task of the loop and waits for its result; never call it from the loop itself.
    public func spawnAndWait<R: Sendable>(_ operation: @escaping @Sendable () async -> R) -> R {
        let done = Handover<R>()
        spawn { done.put(await operation()) }
        return done.take()
    }

    /// The executor's own entry: called by the Swift runtime when a task of this loop can go on.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent { jobs.append(job) } else { leave { $0.jobs.append(job) } }
    }

    /// Whether the caller is on the loop's thread.
    public var isCurrent: Bool { thread.load(ordering: .relaxed) == pthread_self() }

    /// Runs due jobs. Their number per round is bounded, so that jobs that create jobs do not starve descriptors.
    private func runRound() {
        for _ in 0..<Self.passesPerRound where hasWork {
            runJobs()
            runTimers()
            endRound()
        }
    }

    private static let passesPerRound = 16

    private var hasWork: Bool { !jobs.isEmpty || !roundEnd.isEmpty || timers.earliest <= now }

    private func runJobs() {
        guard !jobs.isEmpty else { return }
        swap(&jobs, &runningJobs)
        for job in runningJobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        runningJobs.removeAll(keepingCapacity: true)
    }

    private func runTimers() {
        while timers.earliest <= now, let entry = timers.popEarliest() { entry.timer.entryCameUp(entry.moment, now: now) }
    }

    private func endRound() {
        guard !roundEnd.isEmpty else { return }
        let handlers = roundEnd
        roundEnd.removeAll(keepingCapacity: true)
        for handler in handlers { handler.roundEnded() }
    }

    private func waitForEvents() {
        let count = Int(epoll_wait(epoll, events.baseAddress, Int32(events.count), waitMilliseconds))
        now = MonotonicTime.now()
        guard count > 0 else { return }
        for index in 0..<count { dispatch(&events[index]) }
    }

    private var waitMilliseconds: Int32 {
        if hasWork { return 0 }
        let earliest = timers.earliest
        if earliest == .never { return -1 }
        return Int32(clamping: now.milliseconds(until: earliest))
    }

    private func dispatch(_ event: inout epoll_event) {
        let tag = purser_epoll_tag(&event)
        if tag == Self.wakeUpTag {
            wakeUpCame = true
            return
        }
        let descriptor = Int(tag & 0xFFFF_FFFF)
        guard descriptor < handlers.count, handlers[descriptor].generation == UInt32(tag >> 32), let handler = handlers[descriptor].handler
        else { return }
        handler.ready(Int32(descriptor), for: Readiness(rawValue: event.events))
    }

    // MARK: Other threads

    private func leave(_ change: (inout Incoming) -> Void) {
        let mustWake = incoming.withLock { incoming in
            change(&incoming)
            defer { incoming.wakeUpSent = true }
            return !incoming.wakeUpSent
        }
        if mustWake {
            var one: UInt64 = 1
            write(wakeUp, &one, 8)
        }
    }

    /// Takes the jobs of other threads; true when the loop is to stop.
    ///
    /// The wake-up is read before the list is taken, never after: a thread that adds to the list in between sends another wake-up, which
    /// must not be lost.
    private func takeIncoming() -> Bool {
        if wakeUpCame {
            wakeUpCame = false
            var count: UInt64 = 0
            read(wakeUp, &count, 8)
        }
        var actions: [@Sendable () -> Void] = []
        let stop = incoming.withLock { incoming in
            incoming.wakeUpSent = false
            if !incoming.jobs.isEmpty {
                jobs.append(contentsOf: incoming.jobs)
                incoming.jobs.removeAll(keepingCapacity: true)
            }
            if !incoming.actions.isEmpty { swap(&actions, &incoming.actions) }
            return incoming.stop
        }
        for action in actions { action() }
        return stop
    }

    // MARK: Descriptors, on the loop's thread

    /// Begins to watch `descriptor`. It must be non-blocking, and `unwatch` must be called before it is closed.
    public func watch(_ descriptor: Int32, for readiness: Readiness, handler: any ReadinessHandler) throws(SystemError) {
        guard descriptor >= 0 else { throw SystemError(call: "watch", number: EBADF) }
        let index = Int(descriptor)
        while handlers.count <= index { handlers.append(Watch()) }
        handlers[index].generation &+= 1
        handlers[index].handler = handler
        var event = epollEvent(descriptor, readiness)
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            let number = errno
            handlers[index].handler = nil
            throw SystemError(call: "epoll_ctl", number: number)
        }
    }

    /// Changes what a watched descriptor is watched for.
    public func rewatch(_ descriptor: Int32, for readiness: Readiness) {
        var event = epollEvent(descriptor, readiness)
        epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
    }

    /// Ends a watch; pending events of it are dropped.
    public func unwatch(_ descriptor: Int32) {
        guard handlers.indices.contains(Int(descriptor)) else { return }
        handlers[Int(descriptor)].handler = nil
        handlers[Int(descriptor)].generation &+= 1
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Calls `handler` once, at the end of this round.
    @inline(__always)
    public func notifyAtRoundEnd(_ handler: any RoundEndHandler) { roundEnd.append(handler) }

    private func epollEvent(_ descriptor: Int32, _ readiness: Readiness) -> epoll_event {
        let tag = UInt64(handlers[Int(descriptor)].generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        var event = epoll_event()
        purser_epoll_set(&event, readiness.rawValue, tag)
        return event
    }
}
