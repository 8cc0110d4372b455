public import Chat

/// Tells whether a provider refuses a request because of something that the gateway has put into it.
///
/// There is no common code: OpenAI, Azure and Groq name the member in `param` or in quotes, servers on FastAPI (vLLM, SGLang, Mistral) its
/// place, servers in Rust and Go (Text Generation Inference, Databricks, Ollama) an unknown field, Anthropic, Bedrock and Gemini the path
/// to it. A refusal is recognised by the member's name with words for "not taken" near it. What the client itself has asked for is never
/// among the additions of a request, so that the client sees the refusal of it.
public enum RefusedAdditions {
    /// Those of the additions that a failed call's error refuses; empty when it refuses anything else.
    /// - Parameters:
    ///   - error: with the provider's words in `passThrough`, as `ProviderFailure` makes it.
    ///   - added: what was put into the request.
    public static func named(by error: GatewayError, in added: Additions, reader: JSONReader) -> Additions {
        guard !added.isEmpty, let (status, body) = error.passThrough, [400, 422].contains(status),
            error.code.name != OpenAIFailure.contextLengthExceeded
        else { return [] }
        let said = (try? reader.read(body) { root in root["error"].flatMap { ErrorWords.error(in: $0) } }).flatMap(\.self)
        return said.map { named(by: $0, in: added) } ?? []
    }

    /// Those of the additions that the provider's words refuse.
    static func named(by said: ProviderError, in added: Additions) -> Additions {
        let words = ([said.message] + [said.code, said.type, said.upstream].compactMap(\.self)).joined(separator: "\n")
        let text = relevant(Array(words.prefix(longestLook).lowercased().utf8))
        let refusals = places(of: refusals, in: text)
        guard !refusals.isEmpty else { return [] }
        let param = said.param?.lowercased().split { !isWord($0.utf8.first ?? 0) }.map { Array($0.utf8) } ?? []
        let isPlaced = !param.isEmpty && !vagueParams.contains { param == [Array($0.utf8)] }
        for tier in tiers {
            var found: Additions = []
            for (addition, names) in tier where added.contains(addition) {
                let isNamed =
                    isPlaced
                    ? names.contains { name in param.contains { $0.elementsEqual(name.utf8) } || holds(said.param, name) }
                    : names.contains { name in
                        places(of: [name], in: text).contains { place in refusals.contains { abs($0 - place) <= farthest } }
                    }
                if isNamed { found.insert(addition) }
            }
            if !found.isEmpty { return found }
        }
        return []
    }

    /// How far a refusal may stand from what it refuses, in bytes.
    private static let farthest = 160
    /// Bytes of an error that are looked at: longer ones quote something, and the reason stands first.
    private static let longestLook = 4_096
    /// Values of `param` that name no member.
    private static let vagueParams = ["none", "null", "body", "request", "unknown"]

    // MARK: Words

    /// Words for "not taken", in lower case. Words for a wrong value are none of them.
    private static let refusals = [
        "not supported", "unsupported", "isn't supported", "not permitted", "not allowed", "not allow", "does not support",
        "doesn't support",
        "no longer supported", "unknown", "unrecognized", "unrecognised", "not recognized", "unexpected", "extra_forbidden", "extra inputs",
        "extra fields", "extraneous", "not enabled", "cannot find field", "not available", "deprecated", "not accept", "additional propert",
        "only works", "is invalid", "invalid parameter", "invalid argument", "invalid field", "not a valid", "not implemented",
        "cannot be disabled",
        "can not be disabled", "cannot be turned off", "must end with a user", "may not be", "not compatible", "incompatible",
    ]

    /// Names of the additions in lower case. Those that name one addition only come first; where one of them is named, the general ones
    /// further down say no more.
    private static let tiers: [[(Additions, [String])]] = [
        [
            (.streamOptions, ["stream_options", "streamoptions", "include_usage"]),
            (.maxTokens, ["max_tokens"]),
            (.maxCompletionTokens, ["max_completion_tokens"]),
            (.cacheMarks, ["cache_control", "cachepoint", "cache_point", "prompt caching", "prompt cache"]),
            (
                .prefill,
                ["prefill", "prefilling", "must end with a user message", "must end with a user turn", "must end with a user role"]
            ),
            (
                .nativeFormat,
                [
                    "output_config.format", "output_format", "outputconfig.textformat", "textformat", "json_schema", "jsonschema",
                    "structured output",
                    "structured outputs", "responsejsonschema", "response_json_schema", "responseschema", "response_schema", "json mode",
                    "responsemimetype", "response_mime_type", "response mime type",
                ]
            ),
            (.forcedFormat, ["tool_choice", "toolchoice", "tool choice"]),
            (
                .thinkingOff,
                [
                    "thinking.type.disabled", "thinking.disabled", "between_tools", "budget 0", "budget of 0", "disabled thinking",
                    "disable thinking",
                    "disabling thinking", "thinking cannot be disabled", "thinking can not be disabled", "thinking cannot be turned off",
                    "thinking mode",
                ]
            ),
            (
                .thinkingBudget,
                ["thinking.type.enabled", "thinking.enabled", "budget_tokens", "thinking_budget", "thinkingbudget", "thinking budget"]
            ),
            (
                .adaptiveThinking,
                ["thinking.type.adaptive", "thinking.adaptive", "adaptive", "effort", "thinking_level", "thinkinglevel", "thinking level"]
            ),
        ],
        [
            (.nativeFormat, ["output_config", "outputconfig"]),
            (.adaptiveThinking, ["output_config", "outputconfig"]),
            (
                .thinking,
                [
                    "thinking", "effort", "output_config", "outputconfig", "thinking_config", "thinkingconfig", "include_thoughts",
                    "includethoughts",
                    "reasoning", "between_tools",
                ]
            ),
        ],
    ]

    // MARK: Search

    /// The text without lists of accepted values, which name members that are not refused.
    private static func relevant(_ text: [UInt8]) -> ArraySlice<UInt8> {
        let ends = [
            "expected one of", "did you mean", "supported parameters", "supported fields", "allowed fields", "valid fields",
            "permitted fields",
        ]
        return text[..<(ends.compactMap { text.firstRange(of: Array($0.utf8))?.lowerBound }.min() ?? text.endIndex)]
    }

    /// Where one of `phrases` stands as words of its own.
    private static func places(of phrases: [String], in text: ArraySlice<UInt8>) -> [Int] {
        phrases.flatMap { phrase in
            text.ranges(of: Array(phrase.utf8)).filter { range in
                let isBegun = range.lowerBound > text.startIndex && isWord(text[range.lowerBound - 1]) && isWord(text[range.lowerBound])
                let isEnded = range.upperBound < text.endIndex && isWord(text[range.upperBound]) && phrase.utf8.last.map(isLetter) != true
                return !isBegun && !isEnded && !goesOn(phrase, at: range.upperBound, in: text)
            }.map(\.lowerBound)
        }
    }

    /// Whether a name is only the beginning of a longer one there. Phrases may go on: "unsupported_parameter", "additional properties".
    private static func goesOn(_ phrase: String, at end: Int, in text: ArraySlice<UInt8>) -> Bool {
        guard !refusals.contains(phrase), end < text.endIndex else { return false }
        return isWord(text[end])
    }

    private static func holds(_ param: String?, _ name: String) -> Bool {
        guard name.utf8.contains(UInt8(ascii: ".")), let param else { return false }
        return param.lowercased().hasPhrase(name)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
    }
}
