/// An error in policy files, or a notice about them, and its place.
public struct PolicyDiagnostic: Sendable, Hashable, CustomStringConvertible {
    /// The severity.
    public enum Severity: String, Sendable {
        /// The policies cannot be used.
        case error
        /// The policies can be used, but perhaps not as meant: a provider is off, a model is not served.
        case notice
    }

    /// The subject, for callers that treat some diagnostics differently.
    public enum Topic: Sendable {
        /// A provider is off; ``PolicySnapshot/offProviders`` says so too.
        case providerOff
        /// Anything else.
        case other
    }

    /// The severity.
    public let severity: Severity
    /// The subject.
    public let topic: Topic
    /// The path of the file, as given to the compiler; `policies` when it concerns all files together.
    public let file: String
    /// The line, counted from 1; 0 when it concerns the whole file.
    public let line: Int
    /// The column in Unicode scalars, counted from 1; 0 when it concerns the whole file.
    public let column: Int
    /// What is wrong, without any secret.
    public let message: String
    /// The valid name that is nearest to the one that was written.
    public let suggestion: String?
    let excerpt: SourceExcerpt?

    /// The diagnostic as a terminal shows it: file, line, column and message, then the offending line with a caret. Secrets are masked.
    public var rendered: String {
        let position = line > 0 ? "\(file):\(line):\(column)" : file
        let hint = suggestion.map { " (did you mean \"\($0)\"?)" } ?? ""
        let head = "\(position): \(severity.rawValue): \(message)\(hint)"
        guard let excerpt else { return head }
        let number = String(line)
        let margin = String(repeating: " ", count: max(0, 4 - number.utf8.count))
        let gutter = String(repeating: " ", count: max(4, number.utf8.count))
        return "\(head)\n\(margin)\(number) | \(excerpt.text)\n\(gutter) | \(String(repeating: " ", count: excerpt.caret))^"
    }

    /// As ``rendered``.
    public var description: String { rendered }
}

extension [PolicyDiagnostic] {
    /// All diagnostics as a terminal shows them, one below the other.
    public var rendered: String { map { $0.rendered + "\n" }.joined() }
}
