/// The results of policy tests, as text for people.
public enum PolicyTestReport {
    /// The tests that failed, with place, expectation and fact, and a last line with the counts. Empty when there are no tests.
    public static func text(of results: [PolicyTestResult]) -> String {
        guard !results.isEmpty else { return "" }
        let failed = results.filter { !$0.hasPassed }
        let counts = failed.isEmpty ? "\(results.count) passed" : "\(results.count - failed.count) passed, \(failed.count) failed"
        return "Tests\n" + failed.map(failure).joined() + "  \(counts)\n"
    }

    private static func failure(_ result: PolicyTestResult) -> String {
        let test = result.test
        let mismatches = result.mismatches.map { "    \($0.subject): expected \($0.expected), got \($0.got)\n" }.joined()
        let given = test.given.models.joined(separator: ", ")
        let prompt = test.given.conversation.messages.last.map { ", \"\(shortened($0.content))\"" } ?? ""
        return "  \(test.file):\(test.line): \(test.name) failed\n    given: \(given)\(prompt)\n" + mismatches
    }
}
