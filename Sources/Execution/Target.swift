internal import Chat
public import Policies
internal import Upstream

/// Where a call goes: a provider model and the way there.
public struct Target: Sendable {
    /// The model, with its price and its name at the provider.
    public let model: ModelEntry
    let endpoint: UpstreamEndpoint
    let scrubber: SecretScrubber
}

/// A policy snapshot made ready to serve: every provider that is on has its endpoint. Immutable, shared by all loops.
public final class ServingPolicies: Sendable {
    /// The policies.
    public let snapshot: PolicySnapshot
    private let endpoints: [String: (endpoint: UpstreamEndpoint, scrubber: SecretScrubber)]

    /// Prepares `snapshot` for serving.
    public init(_ snapshot: PolicySnapshot) {
        self.snapshot = snapshot
        endpoints = Dictionary(uniqueKeysWithValues: snapshot.providers.map { ($0.name, (UpstreamEndpoint($0), SecretScrubber($0))) })
    }

    /// The target that `model` stands for; `nil` when its provider is off.
    public func target(_ model: ModelEntry) -> Target? {
        endpoints[model.provider.name].map { Target(model: model, endpoint: $0.endpoint, scrubber: $0.scrubber) }
    }

    var endpointIdentities: Set<ObjectIdentifier> { Set(endpoints.values.map { ObjectIdentifier($0.endpoint) }) }
}

extension UpstreamEndpoint {
    /// The chat endpoint of an OpenAI-compatible provider.
    convenience init(_ provider: Provider) {
        // Few and short: libcurl puts a head together character by character.
        var headers = ["Content-Type: application/json", "Accept:", "Expect:"]
        if let key = provider.apiKey { headers.append("Authorization: Bearer \(key.reveal())") }
        headers += provider.headers.map { "\($0.name): \($0.value.reveal())" }
        let timeouts = provider.timeouts
        self.init(
            url: provider.baseURL.text + "/chat/completions", headers: headers, caFile: provider.caFile, proxy: provider.proxy?.reveal(),
            allowsHTTP2: provider.http2,
            timeouts: UpstreamTimeouts(connect: timeouts.connect, firstByte: timeouts.firstByte, idle: timeouts.idle, total: timeouts.total)
        )
    }
}
