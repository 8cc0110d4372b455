internal import Chat

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

    /// - Parameter modelName: Google's name, e.g. `gemini-2.5-flash`, `models/gemini-3.1-pro-preview`, `gemini-flash-latest`.
    init(modelName: String) {
        name = modelName.utf8.lastIndex(of: UInt8(ascii: "/")).map { modelName[$0...].dropFirst() } ?? modelName[...]
        let isGemini = name.utf8.starts(with: "gemini-".utf8)
        let version = name.utf8.dropFirst("gemini-".utf8.count)
        let digits = version.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        // Without a number it is whatever is newest: `gemini-flash-latest`.
        let isNew = isGemini && (digits.isEmpty || Int(Substring(digits)).map { $0 >= 3 } == true)
        thinking = isNew ? .level : isGemini && version.starts(with: "2.5".utf8) ? .budget : .never
        needsSignatures = isNew
        combinesToolsAndFormat = isNew
    }

    /// Appends the value of `thinkingConfig` for `effort`.
    func appendThinkingConfig(_ effort: ReasoningEffort, to body: inout [UInt8]) {
        if thinking == .budget {
            body.append("{\"thinkingBudget\":")
            body.appendJSONNumber(budget(effort))
        } else {
            body.append("{\"thinkingLevel\":\"")
            body.append(level(effort))
            body.append("\"")
        }
        // Without it the model thinks all the same, but shows nothing of it.
        if effort != .none { body.append(",\"includeThoughts\":true") }
        body.append("}")
    }

    /// Within the ranges of https://ai.google.dev/gemini-api/docs/thinking: 128 to 32,768 for Pro, which cannot be kept from thinking, up to
    /// 24,576 for the others.
    private func budget(_ effort: ReasoningEffort) -> Int64 {
        name.contains("pro") ? max(128, min(effort.budget, 32_768)) : min(effort.budget, 24_576)
    }

    /// No level means not to think at all; the lowest that a model has comes nearest.
    private func level(_ effort: ReasoningEffort) -> StaticString {
        switch effort {
        case .none, .minimal: name.contains("flash") ? "minimal" : "low"
        case .low: "low"
        case .medium: "medium"
        case .high, .xhigh: "high"
        }
    }
}
