import Policies
import Testing

@Suite struct DiagnosticTests {
    private static let cases = [
        DocumentCases.all, ProviderCases.all, HeaderCases.all, ConnectionCases.all, ModelCases.all, PriceCases.all, OrganizationCases.all,
        KeyCases.all, LimitRuleCases.all, RouteCases.all, VirtualModelCases.all, CallRuleCases.all, TestCases.all,
    ]

    @Test(arguments: cases.flatMap { $0 })
    func isReported(_ example: DiagnosticCase) {
        let compilation = compile(example.yaml)
        #expect(compilation.diagnostics.rendered == example.expected)
        #expect((compilation.snapshot == nil) == !compilation.errors.isEmpty)
    }
}
