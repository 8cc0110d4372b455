/// What providers' words say about a rate limit, where the status does not tell.
enum RefusalWords {
    /// Whether a rate limit was exceeded by the size of this one request, so that waiting does not help it and other requests need not wait.
    /// - Parameters:
    ///   - message: the provider's words.
    ///   - namesDelay: whether the provider says when to come back: then only plain words count, for some advise to send less in either case.
    static func blameSize(_ message: String, namesDelay: Bool) -> Bool {
        let text = message.prefix(longestLook).lowercased()
        if plainSize.contains(where: text.hasPhrase) { return true }
        if let limit = number(after: ["limit", "maximum", "max"], in: text), let requested = number(after: ["requested"], in: text) {
            return requested > limit
        }
        return !namesDelay && sizeAdvice.contains(where: text.hasPhrase)
    }

    private static let longestLook = 4_096

    /// Groq and OpenAI: "Request too large for …"; GitHub: "Request body too large"; Anthropic: "… required for long context requests".
    private static let plainSize = [
        "request too large", "request is too large", "body too large", "prompt is too large", "prompt too large", "input too large",
        "input is too large", "too large for", "tokens must be reduced", "required for long context", "context length", "context window",
        "request exceeds the", "request alone exceeds", "single request", "prompt is too long", "input is too long",
    ]
    private static let sizeAdvice = [
        "reduce the length", "reduce the prompt", "reduce your prompt", "reduce your message", "reduce the message", "reduce the size",
    ]

    /// The number that follows one of `words` within a few words: "Limit 30000", "limit: 30,000", "maximum of 30 000 tokens" as 30.
    private static func number(after words: [String], in text: String) -> Int64? {
        let parts = text.split { !($0.isLetter || $0.isNumber || $0 == "," || $0 == "_") }
        for (index, part) in parts.enumerated() where words.contains(String(part)) {
            for next in parts[(index + 1)...].prefix(2) {
                let digits = next.filter { $0 != "," && $0 != "_" }
                if let number = Int64(digits) { return number }
            }
        }
        return nil
    }
}

extension ProviderError {
    /// Whether an error of status 403 refuses the client's text, and not the gateway's key: OpenRouter's moderation.
    var saysModerated: Bool {
        if refusesText { return true }
        let words = [message, code, type].compactMap { $0?.lowercased() }
        return words.contains { word in Self.moderation.contains(where: word.hasPhrase) }
    }

    private static let moderation = ["moderation", "flagged", "content_policy", "content policy", "content_filter"]
}
