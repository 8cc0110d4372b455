internal import Chat
import Classifier
public import Core
import Policies
import Testing

/// A snapshot of one file, whose providers all count as on.
func snapshot(_ text: String, resource: (PolicyResource) -> [UInt8]? = { _ in nil }) throws -> PolicySnapshot {
    let compilation = PolicyCompiler.compile(
        [PolicyFile(path: "main.yaml", text: text)], environment: [:], now: testNow, assumesProvidersOn: true, resource: resource)
    return try #require(compilation.snapshot, "\(compilation.diagnostics.rendered)")
}

/// Four models of known prices, to which tests add virtual ones.
let models = """
    providers:
      p: {kind: openai, base_url: http://h}
    models:
      big: {provider: p, price: {input: 30, output: 60}, context_window: 8192, max_output_tokens: 4096, quality: 90}
      sonnet: {provider: p, price: {input: 3, cache_write: 3.75, output: 15}, max_output_tokens: 8192, quality: 95}
      mini: {provider: p, price: {input: 0.15, output: 0.60}, context_window: 128000, max_output_tokens: 16384, quality: 50}
      free: {provider: p, price: free, context_window: 2048, capabilities: {tools: false, images: false, structured_output: false}}
      unknown: {provider: p, unpriced: allow}

    """

/// A target state for tests.
struct TestState: TargetState {
    var down: Set<String> = []
    var latency: [String: Double] = [:]
    var busy: [String: Int] = [:]

    func isAvailable(_ model: ModelEntry) -> Bool { !down.contains(model.name) }
    func latencyMilliseconds(_ model: ModelEntry) -> Double? { latency[model.name] }
    func inFlight(_ model: ModelEntry) -> Int { busy[model.name] ?? 0 }
}

extension PolicySnapshot {
    /// Decides with everything allowed.
    func decide(
        _ model: String..., state: TestState = TestState(), with change: (inout RequestFeatures) -> Void = { _ in }
    ) throws(DecisionFailure) -> Decision {
        var features = RequestFeatures(requestedModels: model)
        change(&features)
        return try decide(features, allowed: ModelSet.everything, state: state)
    }

    /// The error of a decision.
    func refusal(
        _ model: String..., state: TestState = TestState(), with change: (inout RequestFeatures) -> Void = { _ in }
    ) -> DecisionFailure? {
        var features = RequestFeatures(requestedModels: model)
        change(&features)
        do throws(DecisionFailure) {
            let decision = try decide(features, allowed: ModelSet.everything, state: state)
            Issue.record("taken by \(decision.trace.model ?? "nobody")")
            return nil
        } catch {
            return error
        }
    }
}

extension Decision {
    /// The names of the calls in the order of attempts.
    var names: [String] { calls.map(\.model.name) }
}

extension DecisionTrace {
    /// The excluded candidates, with the reasons.
    var excluded: [String] { candidates.compactMap { candidate in candidate.excludedBecause.map { "\(candidate.model): \($0)" } } }
}

extension NanoUSD: ExpressibleByStringLiteral {
    /// An amount of USD; zero for an invalid text, which no test expects.
    public init(stringLiteral text: String) { self = NanoUSD(decimal: text) ?? NanoUSD(nanos: .min) }
}
