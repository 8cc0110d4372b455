internal import Chat

/// Why an answer ended, in OpenAI's words and, where they say less, also in the provider's.
struct FinishNote: Sendable {
    let reason: OpenAIAnswer.FinishReason
    /// The provider's own word, where OpenAI has none for it: shown as `native_finish_reason`.
    let native: [UInt8]?

    init(_ reason: OpenAIAnswer.FinishReason) {
        self.reason = reason
        native = nil
    }

    /// A reason for which OpenAI has no word of its own.
    init(_ reason: OpenAIAnswer.FinishReason, native: UnsafeRawBufferPointer) {
        self.reason = reason
        self.native = Array(native.prefix(64))
    }

    /// Appends `"finish_reason":…`, with `"native_finish_reason":…` behind it if there is one.
    func append(to bytes: inout [UInt8]) {
        bytes.append("\"finish_reason\":")
        bytes.append(reason.json)
        guard let native else { return }
        bytes.append(",\"native_finish_reason\":")
        native.withUnsafeBytes { bytes.appendJSONString($0) }
    }
}
