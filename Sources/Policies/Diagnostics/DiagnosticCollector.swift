/// Collects diagnostics while files are compiled. Used by one compilation, on one task.
final class DiagnosticCollector {
    private struct Finding: Hashable {
        let severity: PolicyDiagnostic.Severity
        let topic: PolicyDiagnostic.Topic
        let place: Place?
        let message: String
        let suggestion: String?
    }

    /// The files, by the index that places carry.
    private(set) var sources: [SourceText] = []
    private var findings: [Finding] = []
    private var seen: Set<Finding> = []
    private(set) var hasErrors = false

    /// Adds a file and gives it its index.
    func add(_ source: SourceText) -> Int {
        sources.append(source)
        return sources.count - 1
    }

    func error(at place: Place?, _ message: String, suggestion: String? = nil) {
        hasErrors = true
        add(Finding(severity: .error, topic: .other, place: place, message: message, suggestion: suggestion))
    }

    func notice(at place: Place?, topic: PolicyDiagnostic.Topic = .other, _ message: String) {
        add(Finding(severity: .notice, topic: topic, place: place, message: message, suggestion: nil))
    }

    /// `policies/main.yaml:3:5`, for messages that name a second place.
    func describe(_ place: Place) -> String { "\(path(place)):\(place.line):\(place.column)" }

    /// Hides the value at `node` in every line that is shown.
    func hide(_ node: Node) {
        guard sources.indices.contains(node.start.file) else { return }
        sources[node.start.file].hide(node)
    }

    /// All diagnostics, in the order of files and lines; at most ``PolicyLimits/diagnostics`` errors and as many notices.
    func finish() -> [PolicyDiagnostic] {
        let ordered = findings.enumerated().sorted { a, b in
            let first = a.element.place ?? Place(file: -1, line: 0, column: 0)
            let second = b.element.place ?? Place(file: -1, line: 0, column: 0)
            return first == second ? a.offset < b.offset : first < second
        }
        var left = [PolicyDiagnostic.Severity.error: PolicyLimits.diagnostics, .notice: PolicyLimits.diagnostics]
        var result: [PolicyDiagnostic] = []
        for (_, finding) in ordered where left[finding.severity, default: 0] > 0 {
            left[finding.severity, default: 0] -= 1
            result.append(diagnostic(finding))
        }
        return result
    }

    private func add(_ finding: Finding) {
        if seen.insert(finding).inserted { findings.append(finding) }
    }

    private func diagnostic(_ finding: Finding) -> PolicyDiagnostic {
        let file = finding.place.map(path) ?? "policies"
        let line = finding.place?.line ?? 0
        let column = finding.place?.column ?? 0
        return PolicyDiagnostic(
            severity: finding.severity, topic: finding.topic, file: file, line: line, column: column, message: Self.masked(finding.message),
            suggestion: finding.suggestion.map(Self.masked),
            excerpt: finding.place.flatMap { sources[$0.file].excerpt(line: line, column: column) })
    }

    private func path(_ place: Place) -> String { sources.indices.contains(place.file) ? sources[place.file].path : "policies" }

    /// Messages quote names from the file. A name that looks like a secret is masked: it was probably put in the wrong place.
    private static func masked(_ message: String) -> String {
        let scalars = Array(message.unicodeScalars)
        var result = String.UnicodeScalarView()
        var position = 0
        for range in SecretLooks.tokens(in: scalars) {
            result.append(contentsOf: scalars[position..<range.lowerBound])
            result.append(contentsOf: SourceExcerpt.mask)
            position = range.upperBound
        }
        result.append(contentsOf: scalars[position...])
        return String(result)
    }
}
