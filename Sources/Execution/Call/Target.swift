internal import Chat
internal import Core
public import Policies
internal import Providers
internal import Upstream

/// Where a call goes: a provider model, the way there, and how it has fared so far. Immutable but for the health, and shared by all loops.
final class Target: Sendable {
    /// The model, with its price and its name at the provider.
    let model: ModelEntry
    let api: ProviderAPI
    let providerModel: ProviderModel
    let endpoint: UpstreamEndpoint
    let scrubber: SecretScrubber
    let health: TargetHealth
    let retries: ProviderRetries
    /// Bounds the calls to the provider that are under way at once.
    let gate: UpstreamGate

    init(_ model: ModelEntry, _ way: ProviderConnection, registry: TargetRegistry) {
        self.model = model
        api = ProviderAPI(model.provider.kind)
        providerModel = ProviderModel(
            name: model.name, upstreamName: model.upstreamModel,
            // Where bodies pass through unchanged, a limit is added only when one is in force; other APIs require a limit.
            maxOutputTokens: api.passesBodies ? nil : model.maxOutputTokens.map(Int64.init), apiVersion: model.provider.apiVersion)
        endpoint = way.endpoint
        scrubber = way.scrubber
        retries = way.retries
        gate = way.gate
        health = registry.health(of: model)
    }
}

/// The way to a provider: what all its targets share.
struct ProviderConnection: Sendable {
    let endpoint: UpstreamEndpoint
    let scrubber: SecretScrubber
    let retries: ProviderRetries
    let gate: UpstreamGate
}

/// A policy snapshot made ready to serve: every provider that is on has its endpoint. Immutable, shared by all loops.
public final class ServingPolicies: Sendable {
    /// The policies.
    public let snapshot: PolicySnapshot
    /// Grows with every reload; whatever is kept for some policies is kept for this version. Objects are not compared: a freed one's
    /// address may be the next one's.
    public let version: UInt64
    private let registry: TargetRegistry
    private let ways: [String: ProviderConnection]
    /// The targets of listed models; those that patterns let in are made when they are asked for.
    private let targets: [ObjectIdentifier: Target]

    /// Prepares `snapshot` for serving as `version`, a number that no other policies of this process have had.
    public init(_ snapshot: PolicySnapshot, version: UInt64, registry: TargetRegistry) {
        self.snapshot = snapshot
        self.version = version
        self.registry = registry
        let ways = Dictionary(
            uniqueKeysWithValues: snapshot.providers.map { provider in
                let way = ProviderConnection(
                    endpoint: UpstreamEndpoint(provider), scrubber: SecretScrubber(provider), retries: registry.retries(of: provider),
                    gate: registry.gate(of: provider))
                return (provider.name, way)
            })
        self.ways = ways
        var targets: [ObjectIdentifier: Target] = [:]
        for case .provider(let model) in snapshot.listing.map(\.model) {
            targets[ObjectIdentifier(model)] = ways[model.provider.name].map { Target(model, $0, registry: registry) }
        }
        self.targets = targets
    }

    /// The target that `model` stands for; `nil` when its provider is off.
    func target(_ model: ModelEntry) -> Target? {
        targets[ObjectIdentifier(model)] ?? ways[model.provider.name].map { Target(model, $0, registry: registry) }
    }

    /// The numbers of all endpoints.
    var endpointNumbers: Set<UInt64> { Set(ways.values.map(\.endpoint.number)) }
}

extension ProviderAPI {
    /// The API that providers of that kind speak.
    init(_ kind: ProviderKind) {
        self =
            switch kind {
            case .openai: .openai
            case .anthropic: .anthropic
            case .gemini: .gemini
            case .azure: .azure
            case .bedrock: .bedrock
            }
    }

    /// The URL to which the paths of the API are appended: operators write base URLs with the first part of the paths, as the providers'
    /// documentation does.
    func base(of url: String) -> String {
        let suffix =
            switch self {
            case .anthropic: "/v1"
            case .gemini: "/v1beta"
            case .azure: "/openai"
            case .openai, .bedrock: ""
            }
        return url.hasSuffix(suffix) ? String(url.dropLast(suffix.count)) : url
    }

    /// Whether the client's own body goes upstream, spliced.
    var passesBodies: Bool { self == .openai || self == .azure }
}

extension UpstreamEndpoint {
    /// The way to a provider: all its paths begin there.
    convenience init(_ provider: Provider) {
        let api = ProviderAPI(provider.kind)
        // Headers are few and short: libcurl assembles a head character by character.
        var headers = ["Content-Type: application/json", "Accept:", "Expect:"] + api.fixedHeaders
        if let key = provider.apiKey { headers.append(api.authorizationHeader(key: key)) }
        headers += provider.headers.map { "\($0.name): \($0.value.reveal())" }
        let timeouts = provider.timeouts
        self.init(
            url: api.base(of: provider.baseURL.text), headers: headers, caFile: provider.caFile, proxy: provider.proxy?.reveal(),
            allowsHTTP2: provider.http2, credentials: provider.apiKey == nil ? Upstream.AWSCredentials(provider) : nil,
            timeouts: UpstreamTimeouts(connect: timeouts.connect, firstByte: timeouts.firstByte, idle: timeouts.idle, total: timeouts.total)
        )
    }
}

extension Upstream.AWSCredentials {
    /// What signs calls to Bedrock; `nil` for other providers.
    fileprivate init?(_ provider: Provider) {
        guard let region = provider.region, let keys = provider.awsCredentials else { return nil }
        self.init(
            region: region, service: "bedrock", accessKey: keys.accessKeyID.reveal(), secretKey: keys.secretAccessKey.reveal(),
            sessionToken: keys.sessionToken?.reveal())
    }
}
