internal import Chat
internal import Core

/// What differs between the generations of Google's models.
struct GeminiGeneration {
    /// How a model is told how much to think.
    enum Thinking { case never, budget, level }

    let thinking: Thinking
    /// Whether a function call that comes back must carry a thought signature.
    let needsSignatures: Bool
    /// Whether functions and a schema of the answer can be had together.
    let combinesToolsAndFormat: Bool
    private let name: Substring
    /// The largest for a name without one.
    private let version: (major: Int, minor: Int)

    /// - Parameter modelName: Google's name, e.g. `gemini-2.5-flash`, `models/gemini-3.1-pro-preview`, `gemini-flash-latest`.
    init(modelName: String) {
        name = modelName.utf8.lastIndex(of: UInt8(ascii: "/")).map { modelName[$0...].dropFirst() } ?? modelName[...]
        let isGemini = name.utf8.starts(with: "gemini-".utf8)
        // Without a number it is whatever is newest: `gemini-flash-latest`.
        let numbers = name.utf8.dropFirst("gemini-".utf8.count).prefix { $0 != UInt8(ascii: "-") }.split(separator: UInt8(ascii: "."))
            .map { Int(Substring($0)) }
        version = (numbers.first.flatMap(\.self) ?? .max, numbers.dropFirst().first.flatMap(\.self) ?? 0)
        let isNew = isGemini && version.major >= 3
        let makesOtherThings = ["image", "tts", "audio", "live"].contains { modelName.contains($0) }
        thinking = makesOtherThings || !isGemini ? .never : isNew ? .level : version >= (2, 5) ? .budget : .never
        needsSignatures = isNew
        combinesToolsAndFormat = isNew
    }

    private func isAtLeast(_ major: Int, _ minor: Int) -> Bool { version >= (major, minor) }

    /// Appends the value of `thinkingConfig`.
    /// - Parameters:
    ///   - limit: the most output tokens, thoughts included; `nil` when there is none.
    ///   - refused: what the model has refused of the gateway's additions.
    /// - Returns: what of it the gateway can leave out or say otherwise.
    func appendThinkingConfig(_ wish: ThinkingWish, limit: Int64?, _ refused: Additions, to body: inout [UInt8]) -> Additions {
        let isOff = wish.state == .off && !refused.contains(.thinkingOff)
        let takesBudget = (thinking == .budget || refused.contains(.adaptiveThinking)) && !refused.contains(.thinkingBudget)
        if takesBudget {
            body.append("{\"thinkingBudget\":")
            body.appendJSONNumber(wish.state == .off && !isOff ? Self.leastBudget : budget(wish, limit))
        } else {
            body.append("{\"thinkingLevel\":\"")
            body.append(wish.state == .off && !isOff ? "low" : level(wish.state == .off ? .none : wish.nearestEffort ?? .high))
            body.append("\"")
        }
        // Without it the model still thinks, but does not show its thoughts.
        if wish.state == .on, !wish.isHidden { body.append(",\"includeThoughts\":true") }
        body.append("}")
        return isOff ? [.thinkingOff, .thinking] : [takesBudget ? .thinkingBudget : .adaptiveThinking, .thinking]
    }

    /// The least that a model takes which cannot be kept from thinking.
    private static let leastBudget: Int64 = 128

    /// Within the ranges of https://ai.google.dev/gemini-api/docs/thinking: 128 to 32,768 for Pro, which cannot be kept from thinking, 512 to 24,576
    /// for Flash-Lite, up to 24,576 for the others. Within a limit of output there is room for the answer.
    private func budget(_ wish: ThinkingWish, _ limit: Int64?) -> Int64 {
        let isPro = name.contains("pro")
        if wish.state == .off { return isPro ? 128 : 0 }
        let least: Int64 = isPro ? 128 : name.contains("lite") ? 512 : 1
        let most: Int64 = isPro ? 32_768 : 24_576
        // -1: the model decides.
        if wish.budget == nil, wish.effort == nil { return -1 }
        let room = limit.map { $0 - min(1024, ($0 + 1) / 2) } ?? most
        return max(least, min(wish.tokens, most, room))
    }

    /// No level means not to think at all; the lowest that a model has comes nearest.
    private func level(_ effort: ReasoningEffort) -> StaticString {
        switch effort {
        case .none, .minimal: hasMinimal ? "minimal" : "low"
        case .low: "low"
        // Gemini 3 Pro has two levels, its successors three.
        case .medium: isAtLeast(3, 1) || !name.contains("pro") ? "medium" : "high"
        case .high, .xhigh: "high"
        }
    }

    /// Flash up to 3.6 and Flash-Lite have a level `minimal`.
    private var hasMinimal: Bool { name.contains("flash") && (name.contains("lite") || !isAtLeast(3, 7)) }
}
