/// Why a choice ended, in OpenAI's words.
public enum FinishReason: Hashable, Sendable {
    case stop, length, toolCalls, functionCall, contentFilter
    /// A reason that is not OpenAI's.
    case other
    /// None was given.
    case missing

    /// The word as JSON.
    public var json: StaticString {
        switch self {
        case .stop, .other: "\"stop\""
        case .length: "\"length\""
        case .toolCalls: "\"tool_calls\""
        case .functionCall: "\"function_call\""
        case .contentFilter: "\"content_filter\""
        case .missing: "null"
        }
    }
}

/// Why a choice ended, in OpenAI's words and, where they say less, also in the provider's.
public struct FinishNote: Hashable, Sendable {
    /// The reason.
    public let reason: FinishReason
    /// The provider's own word, at most 64 bytes, where OpenAI has none for it: shown as `native_finish_reason`.
    public let native: [UInt8]?

    /// A reason for which OpenAI has a word.
    public init(_ reason: FinishReason) {
        self.reason = reason
        native = nil
    }

    /// A reason for which OpenAI has no word of its own.
    public init(_ reason: FinishReason, native: UnsafeRawBufferPointer) {
        self.reason = reason
        self.native = Array(native.prefix(64))
    }
}
