internal import Chat
internal import Core
public import EventLoop
internal import Glibc
internal import Synchronization
internal import Upstream

/// All MCP servers of the policies, for all loops of the gateway: one session, and one child process, for each server, on a loop of their own.
///
/// May be used from any loop; the calls run on the host's own and come back to their caller's.
public final class MCPHost: Sendable {
    /// The host's own loop, made when there is a server to reach.
    private let home = Mutex<LoopGroup?>(nil)
    /// Confined to the host's loop.
    private nonisolated(unsafe) var state: State?
    private let lists = Mutex<[String: CachedTools]>([:])

    private final class State {
        var slots: [String: ServerSlot] = [:]
        let client: UpstreamClient
        let reader = JSONReader()

        init(on loop: EventLoop) { client = UpstreamClient(loop: loop) }

        func slot(_ server: String) throws(MCPFailure) -> ServerSlot {
            guard let slot = slots[server] else { throw .unavailable("no server of that name") }
            return slot
        }
    }

    /// The tools of a server as they were listed last.
    private struct CachedTools {
        var settings: MCPServerSettings
        var result: Result<[MCPTool], MCPFailure>
        var isStale = false
        var until: MonotonicTime

        /// The result, as long as it is believed.
        var current: Result<[MCPTool], MCPFailure>? { !isStale && MonotonicTime.now() < until ? result : nil }
    }

    /// Makes a host without servers.
    public init() {}

    /// Takes over the servers of new policies: those that are gone or are reached in another way are ended. None is started before it is used.
    /// - Throws: `SystemError` when the thread that all servers need cannot be started.
    public func adopt(_ servers: [MCPServerSettings]) throws(SystemError) {
        let wanted = Dictionary(servers.map { ($0.name, $0) }) { first, _ in first }
        lists.withLock { lists in lists = lists.filter { wanted[$0.key] == $0.value.settings } }
        guard let loop = try loop(isNeeded: !servers.isEmpty) else { return }
        loop.runAndWait {
            let state = self.state ?? State(on: loop)
            self.state = state
            for (name, slot) in state.slots where wanted[name] != slot.settings {
                slot.stop()
                state.slots[name] = nil
            }
            for (name, settings) in wanted where state.slots[name] == nil {
                let slot = ServerSlot(settings, client: state.client, reader: state.reader, on: loop)
                slot.toolsChanged = { [weak self] in self?.lists.withLock { $0[name]?.isStale = true } }
                state.slots[name] = slot
            }
        }
    }

    private func loop(isNeeded: Bool) throws(SystemError) -> EventLoop? {
        try home.withLock { (group) throws(SystemError) in
            if group == nil, isNeeded { group = try LoopGroup(count: 1) }
            return group?.loops[0]
        }
    }

    private var currentLoop: EventLoop? { home.withLock { $0?.loops[0] } }

    /// The tools of a server: from memory where they are known, else as the server lists them.
    /// - Throws: what is wrong with the server. A failure is remembered for a moment, so that a dead server delays nobody twice.
    public nonisolated(nonsending) func tools(of server: String) async throws(MCPFailure) -> [MCPTool] {
        if let known = lists.withLock({ $0[server]?.current }) { return try known.get() }
        guard let loop = currentLoop else { throw .unavailable("no server of that name") }
        let result = await withTaskExecutorPreference(loop) { await self.list(server) }
        return try result.get()
    }

    /// The tools of several servers, asked at the same time, in the order of their names.
    public nonisolated(nonsending) func tools(ofAll servers: [String]) async -> [Result<[MCPTool], MCPFailure>] {
        // Nearly always all are known: then nobody is waited for, and no task is made.
        let known = lists.withLock { lists in servers.map { lists[$0]?.current } }
        if known.allSatisfy({ $0 != nil }) { return known.compactMap(\.self) }
        guard servers.count > 1 else { return [await listed(servers[0])] }
        return await withTaskGroup(of: Listed.self) { group in
            for server in Set(servers) { group.addTask { Listed(server: server, result: await self.listed(server)) } }
            var results: [String: Result<[MCPTool], MCPFailure>] = [:]
            for await listed in group { results[listed.server] = listed.result }
            return servers.map { results[$0] ?? .failure(.cancelled) }
        }
    }

    /// Not a tuple that a closure makes in `do throws(MCPFailure)`: release builds of Swift 6.3.1 read its members from the wrong places.
    private struct Listed: Sendable {
        let server: String
        let result: Result<[MCPTool], MCPFailure>
    }

    private nonisolated(nonsending) func listed(_ server: String) async -> Result<[MCPTool], MCPFailure> {
        do throws(MCPFailure) { return .success(try await tools(of: server)) } catch { return .failure(error) }
    }

    /// What a server says of itself.
    public nonisolated(nonsending) func introduction(of server: String) async throws(MCPFailure) -> MCPIntroduction {
        try await here { (state) async throws(MCPFailure) in
            try await state.slot(server).use { (session) async throws(MCPFailure) in session.introduction }
        }
    }

    /// Asks a server for what is not a tool.
    /// - Parameters:
    ///   - members: of the parameters, without braces.
    ///   - name: of the prompt, or the resource's URI.
    /// - Returns: the `result`, JSON.
    public nonisolated(nonsending) func ask(
        _ server: String, _ method: String, members: [UInt8], name: String?
    ) async throws(MCPFailure) -> [UInt8] {
        try await here { (state) async throws(MCPFailure) in
            try await state.slot(server).use { (session) async throws(MCPFailure) in
                try await session.request(method, members, name: name)
            }
        }
    }

    /// Does something on the host's loop.
    private nonisolated(nonsending) func here<R: Sendable>(
        _ body: @escaping @Sendable (State) async throws(MCPFailure) -> R
    ) async throws(MCPFailure) -> R {
        guard let loop = currentLoop else { throw .unavailable("no server of that name") }
        let result = await withTaskExecutorPreference(loop) { () async -> Result<R, MCPFailure> in
            guard let state = self.state else { return .failure(.unavailable("it was stopped")) }
            do throws(MCPFailure) { return .success(try await body(state)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Calls a tool. What goes wrong is a result too: the model is told.
    /// - Parameters:
    ///   - arguments: a JSON object.
    ///   - patience: how long the call may take, if that is less than the server's own time-out.
    public nonisolated(nonsending) func call(
        _ tool: String, of server: String, arguments: [UInt8], within patience: Duration = .seconds(600)
    ) async -> Result<MCPToolResult, MCPFailure> {
        guard let loop = currentLoop else { return .failure(.unavailable("no server of that name")) }
        return await withTaskExecutorPreference(loop) { await self.callHere(tool, server, arguments, patience) }
    }

    /// Like ``tools(of:)`` for commands: blocks.
    public func toolsAndWait(of server: String) throws(MCPFailure) -> [MCPTool] {
        guard let loop = currentLoop else { throw .unavailable("no server of that name") }
        return try loop.spawnAndWait { await self.list(server) }.get()
    }

    /// Like ``call(_:of:arguments:within:)`` for commands: blocks.
    public func callAndWait(_ tool: String, of server: String, arguments: [UInt8]) -> Result<MCPToolResult, MCPFailure> {
        guard let loop = currentLoop else { return .failure(.unavailable("no server of that name")) }
        return loop.spawnAndWait { await self.callHere(tool, server, arguments, .seconds(600)) }
    }

    /// Ends every session and process. Blocks until they have been told, and up to four seconds until the processes have ended; call it from no loop.
    public func stop() {
        guard
            let group = home.withLock({ group in
                defer { group = nil }
                return group
            })
        else { return }
        let loop = group.loops[0]
        loop.runAndWait {
            for slot in (self.state?.slots ?? [:]).values { slot.stop() }
        }
        let end = MonotonicTime.now() + .seconds(5)
        while MonotonicTime.now() < end, !loop.runAndWait({ self.state?.slots.values.allSatisfy(\.isGone) ?? true }) { usleep(10_000) }
        loop.runAndWait { self.state = nil }
        group.stopAndWait()
    }

    /// Processes that run at the moment.
    public func processes() -> [Int32] {
        currentLoop?.runAndWait { self.state?.slots.values.compactMap(\.processID) ?? [] } ?? []
    }

    // MARK: On the host's loop

    private func list(_ server: String) async -> Result<[MCPTool], MCPFailure> {
        guard let slot = state?.slots[server] else { return .failure(.unavailable("no server of that name")) }
        let result: Result<[MCPTool], MCPFailure>
        do throws(MCPFailure) {
            let tools = try await slot.use { (session) async throws(MCPFailure) in try await session.tools() }
            // A server without tools is not at work: its list is asked for again.
            result = tools.isEmpty ? .failure(.malformed("it lists no tools")) : .success(tools)
        } catch { result = .failure(error) }
        if case .failure(.cancelled) = result { return result }
        let life: Duration = if case .success = result { Self.listLife } else { Self.failureLife }
        lists.withLock { $0[server] = CachedTools(settings: slot.settings, result: result, until: .now() + life) }
        return result
    }

    private func callHere(
        _ tool: String, _ server: String, _ arguments: [UInt8], _ patience: Duration
    ) async -> Result<MCPToolResult, MCPFailure> {
        guard let slot = state?.slots[server] else { return .failure(.unavailable("no server of that name")) }
        do throws(MCPFailure) {
            let timeout = min(slot.settings.timeout, patience)
            return .success(
                try await slot.use { (session) async throws(MCPFailure) in
                    try await session.call(tool, arguments: arguments, timeout: timeout)
                })
        } catch { return .failure(error) }
    }

    /// How long a list of tools is believed, unless the server says that it has changed.
    private static let listLife = Duration.seconds(300)
    /// How long a server that could not be listed is not asked again.
    private static let failureLife = Duration.seconds(2)
}
