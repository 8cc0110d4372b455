internal import Chat
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

    /// The classification of the conversation by `classifier`.
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

    /// Estimate and upper bound of the input's tokens.
    func inputTokens(images: Int) -> InputTokens {
        InputTokens(textBytes: messages.reduce(0) { $0 + $1.content.utf8.count }, messages: messages.count, images: images)
    }
}

extension RequestFeatures {
    /// Sets the counts of tokens for `conversation`, which has one image where there are any.
    public mutating func measure(_ conversation: SampleConversation) {
        facts.inputTokens = conversation.inputTokens(images: facts.hasImages ? 1 : 0)
        facts.translationTokens = InputTokens.translation(messages: conversation.messages.count)
    }
}
