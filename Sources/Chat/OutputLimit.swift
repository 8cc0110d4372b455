/// A member of a request that limits the output.
struct LimitMember: Sendable {
    /// The position of name and value.
    let range: Range<Int>
    /// The name; `nil` for names that few servers know.
    let name: OutputLimit.Name?
}

/// A limit of output tokens that the gateway sets, and the member that it is sent as.
public struct OutputLimit: Sendable {
    /// The most output tokens per choice.
    public let tokens: Int64
    /// The name that the model requires; `nil`: the client's, else `max_tokens`.
    private let name: Name?

    /// The names of the member.
    public enum Name: String, Sendable {
        /// `max_tokens`: supported by every compatible server.
        case tokens = "max_tokens"
        /// `max_completion_tokens`: required by OpenAI's reasoning models.
        case completionTokens = "max_completion_tokens"
    }

    /// Makes a limit.
    /// - Parameter name: the name that the model insists on; `nil`: the client's, else `max_tokens`.
    public init(tokens: Int64, name: Name?) {
        self.tokens = tokens
        self.name = name
    }

    /// Makes a limit.
    /// - Parameter upstreamModel: the provider's name of the model.
    public init(tokens: Int64, upstreamModel: String) { self.init(tokens: tokens, name: Name(insistedOnBy: upstreamModel)) }

    /// The member, without a comma.
    /// - Parameters:
    ///   - own: the client's own limit.
    ///   - members: the members in which the client says it.
    func member(atMost own: Int64?, as members: [LimitMember]) -> [UInt8] {
        Array("\"\(name(as: members).rawValue)\":\(min(tokens, own ?? .max))".utf8)
    }

    /// The member's name.
    func name(as members: [LimitMember]) -> Name { name ?? members.lazy.compactMap(\.name).first ?? .tokens }
}

extension OutputLimit.Name {
    /// The name that OpenAI's model requires: reasoning models (`o1`, `o3-mini`, `gpt-5` and later ones) refuse `max_tokens`. `nil` for
    /// others.
    /// - Parameters:
    ///   - model: the provider's name of the model.
    ///   - isDeployment: whether the name was chosen by the provider's customer, as Azure's deployments are: then the model may be named
    ///     anywhere in it, as in `prod-gpt-5-mini`.
    public init?(insistedOnBy model: String, isDeployment: Bool = false) {
        let name = Array(model.utf8)
        let start = name.starts(with: "ft:".utf8) ? 3 : 0
        if Self.isReasoning(name[start...]) {
            self = .completionTokens
            return
        }
        guard isDeployment else { return nil }
        for index in name.indices.dropFirst() where !Self.isWord(name[index - 1]) && Self.isReasoning(name[index...]) {
            self = .completionTokens
            return
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// Whether `name` begins with that of a reasoning model: `o` and a digit, `gpt-` and a digit from 5 on. `gpt-35-turbo` is Azure's name of an
    /// old one.
    private static func isReasoning(_ name: ArraySlice<UInt8>) -> Bool {
        if name.starts(with: "gpt".utf8) {
            let version = name.dropFirst(name.dropFirst(3).first == UInt8(ascii: "-") ? 4 : 3)
            guard let digit = version.first, (UInt8(ascii: "5")...UInt8(ascii: "9")).contains(digit) else { return false }
            return version.dropFirst().first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        }
        guard name.first == UInt8(ascii: "o"), let digit = name.dropFirst().first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(digit)
        else {
            return false
        }
        let rest = name.dropFirst(2)
        return rest.first.map { !isWord($0) } ?? true || ["mini", "pro", "preview"].contains { rest.starts(with: $0.utf8) }
    }
}
