internal import Chat

/// A provider's word for why a choice ended, put into OpenAI's.
enum FinishWord {
    /// No reason: null, an empty text, or a word for nothing.
    case none
    /// One of OpenAI's own words.
    case known(FinishReason)
    /// Another word, and the one of OpenAI's that means the same; `other` where none does.
    case foreign(FinishReason)
    /// The provider failed: what came is not the whole answer.
    case failure

    init(_ value: JSONValue?) {
        guard let value, value.kind == .string else {
            self = .none
            return
        }
        if let reason = Self.own(value.name) {
            self = .known(reason)
            return
        }
        let word = value.string ?? ""
        let plain = word.lowercased().replacing("-", with: "_")
        if Self.empty.contains(plain) {
            self = .none
        } else if Self.failures.contains(plain) {
            self = .failure
        } else {
            self = .foreign(Self.synonyms[plain] ?? .other)
        }
    }

    /// Why the choice ended; `missing` when it did not.
    var reason: FinishReason {
        switch self {
        case .none: .missing
        case .known(let reason), .foreign(let reason): reason
        case .failure: .other
        }
    }

    private static func own(_ word: JSONName) -> FinishReason? {
        switch word {
        case "stop": .stop
        case "length": .length
        case "tool_calls": .toolCalls
        case "function_call": .functionCall
        case "content_filter": .contentFilter
        default: nil
        }
    }

    private static let empty: Set<String> = ["", "null", "none", "unfinished", "finish_reason_unspecified"]

    /// OpenRouter, vLLM and SGLang, DeepSeek, Zhipu, and what proxies make of a broken connection.
    private static let failures: Set<String> = [
        "error", "abort", "aborted", "failed", "insufficient_system_resource", "network_error", "internal_error", "server_error", "timeout",
    ]

    private static let synonyms: [String: FinishReason] = [
        "stop": .stop, "length": .length, "tool_calls": .toolCalls, "function_call": .functionCall, "content_filter": .contentFilter,
        "eos": .stop, "eos_token": .stop, "stop_sequence": .stop, "end_turn": .stop, "end": .stop, "complete": .stop, "completed": .stop,
        "finished": .stop, "done": .stop,
        "max_tokens": .length, "max_length": .length, "model_length": .length, "max_output_tokens": .length, "max_new_tokens": .length,
        "model_context_window_exceeded": .length, "context_length": .length,
        "tool_use": .toolCalls, "tool_call": .toolCalls,
        "safety": .contentFilter, "recitation": .contentFilter, "content_filtered": .contentFilter, "contentfilter": .contentFilter,
        "sensitive": .contentFilter, "refusal": .contentFilter, "blocklist": .contentFilter, "prohibited_content": .contentFilter,
        "spii": .contentFilter, "language": .contentFilter, "image_safety": .contentFilter, "guardrail_intervened": .contentFilter,
        "guardrails": .contentFilter,
    ]
}
