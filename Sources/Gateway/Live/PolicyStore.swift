public import Execution
public import Logging
public import Policies
internal import EventLoop
internal import Synchronization

/// The policies in force, and the state of reloads. Swapped as a whole; requests keep the policies that they began with.
public final class PolicyStore: Sendable {
    private struct State {
        var serving: ServingPolicies
        var lastError: String?
    }

    private let state: Mutex<State>
    private let files: Mutex<PolicyWatch>
    private let directory: String
    private let environment: [String: String]
    private let log: Logger
    private let registry = TargetRegistry()

    /// Reads and compiles the policies of `directory`.
    /// - Throws: `PolicyLoadError` with every diagnostic, rendered.
    public init(directory: String, environment: [String: String], log: Logger) throws(PolicyLoadError) {
        self.directory = directory
        self.environment = environment
        self.log = log
        let look = try Self.firstLook(directory)
        let compiled = try Self.compile(look.files, directory, environment)
        for notice in compiled.notices { log.info("policy notice", metadata: ["notice": "\(notice)"]) }
        Self.tellOff(compiled.snapshot, log)
        state = Mutex(State(serving: ServingPolicies(compiled.snapshot, version: 1, registry: registry)))
        files = Mutex(PolicyWatch(directory: directory, inForce: look))
    }

    /// The policies in force.
    public var current: ServingPolicies { state.withLock { $0.serving } }

    /// The reasons why the policies on disk are not in force; `nil` when they are.
    public var lastError: String? { state.withLock { $0.lastError } }

    // MARK: Reloading

    /// Policies that may be put in force.
    struct Candidate: Sendable {
        let look: PolicyLook
        let serving: ServingPolicies
    }

    /// Has the next looks take the files even if they have not changed: see ``Gateway/lookForPolicyChanges(at:)``.
    public func wantReload() { files.withLock { $0.want() } }

    /// Looks at the files, once; see ``PolicyWatch/look(at:)``.
    func lookAtFiles(at now: MonotonicTime) -> PolicyWatch.Finding? { files.withLock { $0.look(at: now) } }

    /// Whether `look` holds what is in force.
    func isInForce(_ look: PolicyLook) -> Bool { files.withLock { $0.inForce.digest == look.digest } }

    /// Compiles what a look has found.
    /// - Parameter mayLose: whether to take policies that take away what is in use.
    /// - Throws: every reason why they cannot be put in force.
    func candidate(
        _ sight: PolicyWatch.Sight, mayLose: Bool, teamsInUse: () -> Set<String>
    ) throws(PolicyLoadError) -> Candidate {
        let found: PolicyLook
        switch sight {
        case .files(let look): found = look
        case .unreadable(let error): throw PolicyLoadError(reasons: [error.description])
        }
        let compiled = try Self.compile(found.files, directory, environment)
        let old = current
        if !mayLose {
            let cut = found.cutFiles(since: files.withLock { $0.inForce })
            if !cut.isEmpty {
                throw PolicyLoadError(
                    reasons: cut.map { "\($0) seems to be cut off: it is the beginning of the file in force. \(Self.remedy)" })
            }
            let losses = old.snapshot.losses(to: compiled.snapshot, teamsInUse: teamsInUse())
            if !losses.isEmpty {
                throw PolicyLoadError(reasons: losses.map { "the reload would remove \($0). \(Self.remedy)" })
            }
        }
        Self.tellOff(compiled.snapshot, log, before: old.snapshot)
        return Candidate(look: found, serving: ServingPolicies(compiled.snapshot, version: old.version + 1, registry: registry))
    }

    private static let remedy = "If that is meant, say so with `purser reload --force`"

    /// Puts `candidate` in force; its limits must be in force already.
    func publish(_ candidate: Candidate) {
        files.withLock { $0.adopt(candidate.look) }
        state.withLock { $0 = State(serving: candidate.serving) }
        log.notice("policies reloaded", metadata: ["directory": "\(directory)", "version": "\(candidate.serving.version)"])
    }

    /// Notes why the files on disk are not in force.
    func refuse(_ error: PolicyLoadError) {
        state.withLock { $0.lastError = error.description }
        log.error("policies refused, the old ones stay in force", metadata: ["reason": "\(error)"])
    }

    /// Notes that the files on disk are those in force again.
    func noteUnchanged() {
        let wasWrong = state.withLock { state in
            defer { state.lastError = nil }
            return state.lastError != nil
        }
        if wasWrong { log.notice("the policy files are those in force again", metadata: ["directory": "\(directory)"]) }
    }

    // MARK: Compiling

    /// What a directory of policies compiles to.
    public struct Compiled {
        /// The policies.
        public let snapshot: PolicySnapshot
        /// Notices, rendered; providers that are off are in ``PolicySnapshot/offProviders``.
        public let notices: [String]
    }

    /// Reads and compiles a directory without serving it.
    /// - Parameter assumesProvidersOn: for decisions without calls; see `PolicyCompiler.compile`.
    public static func compile(
        _ directory: String, _ environment: [String: String], assumesProvidersOn: Bool = false
    ) throws(PolicyLoadError) -> Compiled {
        let files: [PolicyFile]
        do { files = try PolicyDirectory.read(directory) } catch { throw PolicyLoadError(reasons: [error.description]) }
        return try compile(files, directory, environment, assumesProvidersOn: assumesProvidersOn)
    }

    private static func compile(
        _ files: [PolicyFile], _ directory: String, _ environment: [String: String], assumesProvidersOn: Bool = false
    ) throws(PolicyLoadError) -> Compiled {
        let compilation = PolicyCompiler.compile(files, environment: environment, assumesProvidersOn: assumesProvidersOn) { resource in
            PolicyDirectory.contents(of: resource, in: directory)
        }
        let errors = compilation.diagnostics.filter { $0.severity == .error }
        guard let snapshot = compilation.snapshot, errors.isEmpty else {
            throw PolicyLoadError(reasons: errors.map(\.rendered))
        }
        return Compiled(snapshot: snapshot, notices: compilation.diagnostics.filter { $0.topic != .providerOff }.map(\.rendered))
    }

    /// The files at the start: the first look that is not disturbed, of at most ten.
    private static func firstLook(_ directory: String) throws(PolicyLoadError) -> PolicyLook {
        do throws(PolicyReadError) {
            for _ in 0..<10 { if let look = try PolicyDirectory.look(directory) { return look } }
        } catch { throw PolicyLoadError(reasons: [error.description]) }
        throw PolicyLoadError(reasons: ["the policy files at \(directory) keep changing; try again when they are written"])
    }

    /// One line for all providers that are off, when they are others than before.
    private static func tellOff(_ snapshot: PolicySnapshot, _ log: Logger, before: PolicySnapshot? = nil) {
        guard !snapshot.offProviders.isEmpty, snapshot.offProviders != before?.offProviders else { return }
        log.warning("providers are off", metadata: ["providers": "\(PolicySummary.offLine(snapshot) ?? "")"])
    }
}

/// Policies that cannot be served, with every reason.
public struct PolicyLoadError: Error, CustomStringConvertible {
    /// The diagnostics, rendered with the offending lines; at least one.
    public let reasons: [String]

    /// All of them.
    public var description: String { reasons.joined(separator: "\n") }
}
