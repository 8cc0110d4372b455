/// What a limit counts.
public enum LimitKind: UInt8, CaseIterable, Sendable {
    /// Money, in nano-dollars.
    case usd
    /// Input and output tokens together.
    case tokens
    /// Client requests.
    case requests
    /// Client requests under way at the same time.
    case concurrent

    /// The word that policies use, e.g. `usd`.
    public var name: String {
        switch self {
        case .usd: "usd"
        case .tokens: "tokens"
        case .requests: "requests"
        case .concurrent: "concurrent"
        }
    }
}

/// The calendar window in which a limit counts, by the clocks of the scope's time zone.
public enum LimitPeriod: UInt8, CaseIterable, Sendable {
    case minute, hour, day
    /// From Monday to Sunday (ISO 8601).
    case week
    case month
    /// All time: the window never ends.
    case total

    /// The word that policies use, e.g. `day`.
    public var name: String { String(describing: self) }
}

/// How much a limit allows.
public enum LimitAmount: Hashable, Sendable {
    case usd(NanoUSD)
    case tokens(Int64)
    case requests(Int64)
    case concurrent(Int)

    /// What it counts.
    public var kind: LimitKind {
        switch self {
        case .usd: .usd
        case .tokens: .tokens
        case .requests: .requests
        case .concurrent: .concurrent
        }
    }

    /// The amount in the unit of its kind: nano-dollars, tokens, requests.
    public var units: Int64 {
        switch self {
        case .usd(let amount): amount.nanos
        case .tokens(let count), .requests(let count): count
        case .concurrent(let count): Int64(count)
        }
    }
}

/// One limit as a policy writes it: `{usd: 50, per: day, models: [openai/*], soft: true, webhook: …, wait: 2s}`.
public struct LimitRule: Hashable, Sendable {
    /// How much is allowed; zero or more.
    public var amount: LimitAmount
    /// The window; `nil` for `concurrent` only.
    public var period: LimitPeriod?
    /// The models that count, by name or by prefix (`openai/*`); `nil`: all.
    public var models: [String]?
    /// Whether the limit is soft: it refuses nothing, and alerts once in every window in which it is reached.
    public var soft: Bool
    /// The webhook that is called when the limit is reached, besides the log.
    public var webhook: String?
    /// How long a request may wait for headroom before it is refused; `nil`: the kind's default (see
    /// ``OrganizationLimits/reserve(_:at:)``).
    public var wait: Duration?

    /// Makes a rule; ``LimitConfiguration`` checks it.
    public init(
        _ amount: LimitAmount, per period: LimitPeriod? = nil, models: [String]? = nil, soft: Bool = false, webhook: String? = nil,
        wait: Duration? = nil
    ) {
        self.amount = amount
        self.period = period
        self.models = models
        self.soft = soft
        self.webhook = webhook
        self.wait = wait
    }
}
