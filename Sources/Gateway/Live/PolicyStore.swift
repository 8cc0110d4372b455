public import Execution
public import Logging
public import Policies
internal import Synchronization

/// The policies in force, and how they came to be. Swapped as a whole; requests keep the ones they began with.
public final class PolicyStore: Sendable {
    private struct State {
        var serving: ServingPolicies
        var lastError: String?
    }

    private let state: Mutex<State>
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
        let compiled = try Self.compile(directory, environment)
        for notice in compiled.notices { log.info("policy notice", metadata: ["notice": "\(notice)"]) }
        state = Mutex(State(serving: ServingPolicies(compiled.snapshot, registry: registry)))
    }

    /// The policies in force.
    public var current: ServingPolicies { state.withLock { $0.serving } }

    /// Why the last reload was refused; `nil` when the files on disk are the policies in force.
    public var lastError: String? { state.withLock { $0.lastError } }

    /// Reads the files anew: all of them are taken, or none.
    /// - Returns: why they were refused, each reason rendered with its offending line; none when they were taken.
    func reload() -> [String] {
        do {
            let compiled = try Self.compile(directory, environment)
            state.withLock { $0 = State(serving: ServingPolicies(compiled.snapshot, registry: registry)) }
            log.notice("policies reloaded", metadata: ["directory": "\(directory)"])
            return []
        } catch {
            state.withLock { $0.lastError = error.description }
            log.error("policies refused, the old ones stay in force", metadata: ["reason": "\(error)"])
            return error.reasons
        }
    }

    /// What a directory of policies compiles to.
    public struct Compiled {
        /// The policies.
        public let snapshot: PolicySnapshot
        /// What is not wrong but worth knowing, rendered.
        public let notices: [String]
    }

    /// Reads and compiles a directory without serving it.
    /// - Parameter assumesProvidersOn: for decisions that call nobody; see `PolicyCompiler.compile`.
    public static func compile(
        _ directory: String, _ environment: [String: String], assumesProvidersOn: Bool = false
    ) throws(PolicyLoadError) -> Compiled {
        let files: [PolicyFile]
        do { files = try PolicyDirectory.read(directory) } catch { throw PolicyLoadError(reasons: [error.description]) }
        let compilation = PolicyCompiler.compile(files, environment: environment, assumesProvidersOn: assumesProvidersOn) { resource in
            PolicyDirectory.contents(of: resource, in: directory)
        }
        let errors = compilation.diagnostics.filter { $0.severity == .error }
        guard let snapshot = compilation.snapshot, errors.isEmpty else {
            throw PolicyLoadError(reasons: errors.map(\.rendered))
        }
        return Compiled(snapshot: snapshot, notices: compilation.diagnostics.map(\.rendered))
    }
}

/// Policies that cannot be served, with every reason.
public struct PolicyLoadError: Error, CustomStringConvertible {
    /// The diagnostics, rendered with the offending lines; at least one.
    public let reasons: [String]

    /// All of them.
    public var description: String { reasons.joined(separator: "\n") }
}
