public import Chat

/// A model that can be called, with all that a call needs worked out beforehand. Immutable.
public final class ModelEntry: Sendable {
    /// The name in answers, records and permissions: the listed one, or for a pattern the one that was asked for.
    public let name: String
    /// Who answers.
    public let provider: Provider
    /// What the provider calls the model.
    public let upstreamModel: String
    /// ``upstreamModel`` as a JSON string, quotes included: ready to be spliced into a request.
    public let upstreamModelJSON: [UInt8]
    /// How calls are charged; `nil` when the policy gives no price, and then the model is not served.
    public let pricing: Pricing?
    /// What usage records store as `price_version`; empty without ``pricing``.
    public let priceVersion: String
    /// Why the model is not served, fit for a client to read; `nil` when it is served.
    public let unservedReason: String?
    /// The most tokens of input and output together, where the policy says so.
    public let contextWindow: Int?
    /// The most tokens of one answer, where the policy says so.
    public let maxOutputTokens: Int?
    /// Other names of a listed model.
    public let aliases: [String]
    /// The position among listed models, for ``ModelSet``; `nil` for a model that a pattern let in.
    let index: Int?

    init(
        name: String, provider: Provider, upstreamModel: String, pricing: Pricing?, contextWindow: Int?, maxOutputTokens: Int?,
        aliases: [String],
        index: Int?
    ) {
        self.name = name
        self.provider = provider
        self.upstreamModel = upstreamModel
        upstreamModelJSON = JSONText.quoted(upstreamModel)
        self.pricing = pricing
        priceVersion = pricing?.version ?? ""
        unservedReason = pricing == nil ? "The model '\(name)' has no price in the gateway's policy, so it is not served." : nil
        self.contextWindow = contextWindow
        self.maxOutputTokens = maxOutputTokens
        self.aliases = aliases
        self.index = index
    }
}

/// What a requested model name stands for.
public enum ModelResolution: Sendable {
    /// A model. It may still be one without a price: see ``ModelEntry/unservedReason``.
    case model(ModelEntry)
    /// A model of the policy whose provider is off.
    case off(name: String, reason: String)
    /// Nothing of that name; with the name that was perhaps meant.
    case unknown(nearest: String?)
}

/// All names with a common beginning, passed on to one provider: `openai/*`.
struct ModelPattern: Sendable {
    enum Target: Sendable {
        case on(Provider)
        case off(reason: String)
    }

    /// The text before the `*`.
    let prefix: String
    let target: Target
    /// The provider's name for the model; a `*` in it stands for the matched text. `nil`: the matched text itself.
    let upstreamModel: String?
    let pricing: Pricing?
    let contextWindow: Int?
    let maxOutputTokens: Int?

    /// As the policy writes it.
    var text: String { prefix + "*" }

    func matches(_ name: String) -> Bool {
        name.utf8.count > prefix.utf8.count && name.utf8.starts(with: prefix.utf8)
    }

    /// - Precondition: none; a name that does not match is taken as a whole.
    func resolve(_ name: String) -> ModelResolution {
        switch target {
        case .off(let reason): return .off(name: name, reason: reason)
        case .on(let provider):
            let matched = String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
            let upstream =
                upstreamModel.map { $0.split(separator: "*", omittingEmptySubsequences: false).joined(separator: matched) } ?? matched
            return .model(
                ModelEntry(
                    name: name, provider: provider, upstreamModel: upstream, pricing: pricing, contextWindow: contextWindow,
                    maxOutputTokens: maxOutputTokens, aliases: [], index: nil))
        }
    }
}

enum JSONText {
    /// `text` as a JSON string with its quotes.
    static func quoted(_ text: String) -> [UInt8] {
        let hex = Array("0123456789abcdef".utf8)
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: result += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: result.append(byte)
            }
        }
        result.append(UInt8(ascii: "\""))
        return result
    }
}
