/// The result of compiling policy files: a snapshot or errors, and notices in either case.
public struct PolicyCompilation: Sendable {
    /// The policies ready for use; `nil` exactly when ``diagnostics`` has an error.
    public let snapshot: PolicySnapshot?
    /// Errors and notices in the order of files and lines: at most ``PolicyLimits/diagnostics`` of each.
    public let diagnostics: [PolicyDiagnostic]

    /// The errors among the diagnostics.
    public var errors: [PolicyDiagnostic] { diagnostics.filter { $0.severity == .error } }
    /// The notices among the diagnostics.
    public var notices: [PolicyDiagnostic] { diagnostics.filter { $0.severity == .notice } }
}
