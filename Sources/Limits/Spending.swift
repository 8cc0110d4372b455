public import Core

/// An amount of everything that limits count. Negative parts are taken as nothing: nothing that a provider reports gives anything back.
public struct Spending: Hashable, Sendable {
    /// Money, in nano-dollars.
    public let usd: NanoUSD
    /// Input and output tokens together.
    public let tokens: Int64
    /// Client requests.
    public let requests: Int64

    /// Makes an amount.
    public init(usd: NanoUSD = .zero, tokens: Int64 = 0, requests: Int64 = 0) {
        self.usd = max(usd, .zero)
        self.tokens = max(tokens, 0)
        self.requests = max(requests, 0)
    }

    /// Nothing.
    public static let nothing = Spending()

    /// The sum; saturates.
    public static func + (a: Spending, b: Spending) -> Spending {
        Spending(
            usd: a.usd + b.usd, tokens: a.tokens.addingSaturated(b.tokens), requests: a.requests.addingSaturated(b.requests))
    }

    /// The part that limits of `kind` count, in their unit. The number of requests under way is not an amount: it counts as zero.
    @inline(__always)
    func units(_ kind: LimitKind) -> Int64 {
        switch kind {
        case .usd: usd.nanos
        case .tokens: tokens
        case .requests: requests
        case .concurrent: 0
        }
    }
}

/// What a request asks for.
public struct SpendRequest: Hashable, Sendable {
    /// The scopes of the request.
    public var scopes: RequestScopes
    /// The model that is going to be called.
    public var model: String
    /// What it may need at most, or as much of it as is wanted before a ``Hold/topUp(_:model:)``.
    public var amount: Spending

    /// Makes a request.
    public init(_ scopes: RequestScopes, model: String, amount: Spending) {
        self.scopes = scopes
        self.model = model
        self.amount = amount
    }
}
