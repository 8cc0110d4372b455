import Policies
import Testing

/// A policy file and its diagnostics.
struct DiagnosticCase: Sendable, CustomTestStringConvertible {
    let name: String
    let yaml: String
    let expected: String

    init(_ name: String, _ yaml: String, gives expected: String) {
        self.name = name
        self.yaml = yaml
        self.expected = expected
    }

    var testDescription: String { name }
}

/// 2026-06-01T00:00:00Z: the moment at which tests compile.
let testNow: Int64 = 1_780_272_000

/// Compiles one file that is called `main.yaml`.
func compile(_ text: String, environment: [String: String] = [:]) -> PolicyCompilation {
    PolicyCompiler.compile([PolicyFile(path: "main.yaml", text: text)], environment: environment, now: testNow)
}
