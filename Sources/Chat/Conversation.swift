/// The parts of a chat request that a decision reads. Valid only inside the closure of `ChatRequest.readConversation`.
public struct Conversation {
    /// The text of the system and developer messages, UTF-8.
    public let system: UnsafeRawBufferPointer
    /// The text of the last user message, UTF-8.
    public let lastUser: UnsafeRawBufferPointer
    /// Messages of the user.
    public let userTurns: Int
}

/// The conversation of a request, for a decision.
extension ChatRequest {
    /// Reads the conversation and hands it to `body`.
    /// - Throws: what `body` throws.
    public func readConversation<R>(_ reader: JSONReader, _ body: (Conversation) throws(GatewayError) -> R) throws(GatewayError) -> R {
        try withRoot(reader) { (root) throws(GatewayError) -> R in
            let gathered = ConversationGatherer(root["messages"])
            // Typed throws cannot cross `withUnsafeBytes` of an array.
            return try gathered.system.withBytes { system in
                gathered.lastUser.withBytes { lastUser in
                    Result { () throws(GatewayError) -> R in
                        try body(Conversation(system: system, lastUser: lastUser, userTurns: gathered.userTurns))
                    }
                }
            }.get()
        }
    }
}

/// The text of a message: a string as it lies in the reader, or the text parts of a list put together.
private enum MessageText {
    case none
    case single(UnsafeRawBufferPointer)
    case joined([UInt8])

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        switch self {
        case .none: body(UnsafeRawBufferPointer(start: nil, count: 0))
        case .single(let bytes): body(bytes)
        case .joined(let bytes): bytes.withUnsafeBytes(body)
        }
    }

    func adding(_ bytes: UnsafeRawBufferPointer) -> MessageText {
        switch self {
        case .none: return .single(bytes)
        case .single(let first): return .joined(Array(first) + [UInt8(ascii: "\n")] + bytes)
        case .joined(var text):
            text.append(UInt8(ascii: "\n"))
            text.append(contentsOf: bytes)
            return .joined(text)
        }
    }
}

/// Walks once over the messages.
private struct ConversationGatherer {
    var system = MessageText.none
    var lastUser = MessageText.none
    var userTurns = 0

    init(_ list: JSONValue?) {
        guard let list else { return }
        for message in list.elements {
            guard let role = message["role"], let content = message["content"] else { continue }
            if role.isString("user") {
                userTurns += 1
                lastUser = Self.text(of: content, after: .none)
            } else if role.isString("system") || role.isString("developer") {
                system = Self.text(of: content, after: system)
            }
        }
    }

    private static func text(of content: JSONValue, after earlier: MessageText) -> MessageText {
        if let bytes = content.stringBytes { return earlier.adding(bytes) }
        return content.elements.reduce(earlier) { text, part in part["text"]?.stringBytes.map(text.adding) ?? text }
    }
}
