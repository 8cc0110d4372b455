import Policies
import Testing

@Suite struct CostSummaryTests {
    @Test func everyVirtualModelHasItsWorstCase() throws {
        let text =
            models + """
                  chain: [big, mini]
                  one: {route: [{when: {task: code}, use: sonnet}, {use: mini, max_output_tokens: 1000}]}
                  ab: {split: {experiment: e, arms: {a: {use: chain}, b: {use: sonnet}}}}
                  blind: [mini, unknown]
                  "p/*": {provider: p}
                  "q/*": {provider: p, unpriced: allow}
                  lost: {provider: p}
                """
        #expect(
            CostSummary.text(of: try snapshot(text)) == """
                Virtual models: the most that a request can cost (USD)
                  Model  per 1,000 input tokens  full output
                  chain  0.03015                 0.2555904    up to 2 calls, each of which may be billed
                  one    0.00375                 0.12288      1 call
                  ab     0.03015                 0.2555904    up to 2 calls, each of which may be billed
                  blind  unknown                 unknown      up to 2 calls, each of which may be billed
                Without a full price
                  unknown  calls are recorded at zero and marked as unpriced
                  p/*      only models of the catalogue are served
                  q/*      calls are recorded at zero and marked as unpriced
                  lost     not served

                """)
        #expect(CostSummary.text(of: try snapshot("")).isEmpty)
    }

    @Test func thePageOfPoliciesShowsWhatVirtualModelsComeTo() throws {
        let text = models + "  inner: [big, mini]\n  v: {route: [{when: {tools: true}, use: inner}, {use: mini}], aliases: [auto]}\n"
        let page = PolicySummary.text(of: try snapshot(text))
        #expect(page.contains("Virtual models\n  inner  fallback  big, mini\n  v      route     big, mini  also auto\n"))
    }
}
