internal import Chat
internal import Core

/// Why a candidate is not called.
enum Exclusion: Sendable {
    case off(reason: String)
    case noPrice
    case cannot(ModelCapabilities)
    case contextTooLong(tokens: Int, window: Int)
    case overCeiling(needs: NanoUSD, ceiling: NanoUSD)
    case unknownCost
    case unavailable

    /// Which error the request gets when only such candidates are left.
    enum Kind { case unavailable, ceiling, request }

    var kind: Kind {
        switch self {
        case .off, .noPrice, .unavailable: .unavailable
        case .overCeiling, .unknownCost: .ceiling
        case .cannot, .contextTooLong: .request
        }
    }
}

extension Exclusion: CustomStringConvertible {
    var description: String {
        switch self {
        case .off(let reason): reason
        case .noPrice: "it has no price"
        case .cannot(let what): "it does not take " + Self.words(what).joined(separator: " and ")
        case .contextTooLong(let tokens, let window): "its context of \(window) tokens is too short for about \(tokens)"
        case .overCeiling(let needs, let ceiling):
            "it may cost up to \(needs.decimalString) USD, more than max_cost of \(ceiling.decimalString) USD"
        case .unknownCost: "its price is not known, so max_cost cannot be kept"
        case .unavailable: "it is failing at the moment"
        }
    }

    private static func words(_ capabilities: ModelCapabilities) -> [String] {
        [(ModelCapabilities.tools, "tools"), (.images, "images"), (.structuredOutput, "structured output")]
            .filter { capabilities.contains($0.0) }.map(\.1)
    }
}
