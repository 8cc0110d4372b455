internal import Chat

/// Neighbouring messages that a provider with strictly alternating roles takes as one.
struct ConversationTurn {
    let isAssistant: Bool
    var messages: [ClientMessage]
    /// The tool calls of the assistant's turn before this one, in order.
    private(set) var precedingCalls: [ClientToolCall] = []

    /// The conversation without its system messages, as turns that alternate. The first is the user's, as such providers want it; it may be empty.
    static func alternating(_ messages: [ClientMessage]) -> [ConversationTurn] {
        var turns: [ConversationTurn] = []
        for message in messages where message.role != .system && !message.isEmpty {
            let isAssistant = message.role == .assistant
            if turns.isEmpty, isAssistant { turns.append(ConversationTurn(isAssistant: false, messages: [])) }
            if let last = turns.indices.last, turns[last].isAssistant == isAssistant {
                turns[last].messages.append(message)
            } else {
                let calls = turns.last?.messages.flatMap(\.toolCalls) ?? []
                turns.append(ConversationTurn(isAssistant: isAssistant, messages: [message], precedingCalls: isAssistant ? [] : calls))
            }
        }
        return turns.isEmpty ? [ConversationTurn(isAssistant: false, messages: [])] : turns
    }

    /// The results of this turn that answer a call of the turn before, each call once; and the other messages, orphaned results among them.
    /// Providers want the results first.
    var resultsFirst: (results: [ClientMessage], others: [ClientMessage]) {
        var open = precedingCalls.reduce(into: [[UInt8]: Int]()) { $0[Array($1.id), default: 0] += 1 }
        var results: [ClientMessage] = []
        var others: [ClientMessage] = []
        for message in messages {
            if message.role == .tool, let id = message.toolCallID.map({ Array($0) }), let left = open[id], left > 0 {
                open[id] = left - 1
                results.append(message)
            } else {
                others.append(message)
            }
        }
        return (results, others)
    }
}

extension ClientMessage {
    /// What introduces a result whose call is not in the turn before it: no provider takes it as a result, but the model can still read it.
    var orphanNote: [UInt8] {
        Array("Result of the tool call ".utf8) + (toolCallID.map { Array($0) } ?? []) + Array((isError ? " (failed):" : ":").utf8)
    }

    /// Whether there is nothing in it that a provider would take. A tool's empty result still is one.
    fileprivate var isEmpty: Bool {
        role != .tool && toolCalls.isEmpty && reasoning.isEmpty && !parts.contains { $0.text.map(\.hasInk) ?? true }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether there is more in it than white space.
    var hasInk: Bool { contains { $0 > 0x20 } }

    /// The text without white space at its end.
    var trimmedAtEnd: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[...(lastIndex { $0 > 0x20 } ?? -1)])
    }
}
