public import Classifier

/// A conversation that exists as text only: that of a policy test or of `purser route`.
public struct SampleConversation: Sendable {
    /// A message.
    public struct Message: Sendable {
        /// `system`, `developer`, `user`, `assistant` or `tool`.
        public var role: String
        /// What it says.
        public var content: String

        /// Makes a message.
        public init(role: String, content: String) {
            self.role = role
            self.content = content
        }
    }

    /// The messages in order.
    public var messages: [Message]

    /// Makes a conversation of its messages.
    public init(messages: [Message]) { self.messages = messages }

    /// Makes a conversation of one user message, behind a system prompt if there is one.
    public init(system: String?, prompt: String) {
        messages = (system.map { [Message(role: "system", content: $0)] } ?? []) + [Message(role: "user", content: prompt)]
    }

    /// What `classifier` makes of it.
    public func classified(by classifier: Classifier) -> Classification {
        var system = messages.filter { $0.role == "system" || $0.role == "developer" }.map(\.content).joined(separator: "\n")
        let turns = messages.filter { $0.role == "user" }
        var last = turns.last?.content ?? ""
        return system.withUTF8 { system in
            last.withUTF8 { last in
                classifier.classify(
                    ClassifierInput(
                        system: UnsafeRawBufferPointer(system), lastUser: UnsafeRawBufferPointer(last), userTurns: turns.count))
            }
        }
    }

    /// Bytes of all texts.
    var bytes: Int { messages.reduce(0) { $0 + $1.role.utf8.count + $1.content.utf8.count } }
}

extension RequestFeatures {
    /// The tokens that a prompt of so many bytes probably has: two for seven bytes. English has about four bytes a token, code three to four,
    /// Chinese and Japanese about three.
    public static func estimatedTokens(ofBytes bytes: Int) -> Int { bytes / 7 * 2 + (bytes % 7 * 2 + 6) / 7 }

    /// The tokens that providers add to each message, for its role and its ends, at most.
    static let tokensPerMessage = 8

    /// Sets the counts of tokens for `conversation`.
    public mutating func measure(_ conversation: SampleConversation) {
        inputTokensEstimate = Self.estimatedTokens(ofBytes: conversation.bytes)
        inputTokensUpperBound = conversation.bytes + Self.tokensPerMessage * conversation.messages.count
    }
}
