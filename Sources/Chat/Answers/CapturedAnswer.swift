public import Core

/// A whole answer in no dialect: what a model said, called and used.
public struct CapturedAnswer: Sendable {
    /// The identity of the answer.
    public var identity: AnswerIdentity
    /// The choices, in order.
    public var choices: [CapturedChoice]
    /// What is believed of the reported usage, else the gateway's estimate.
    public var usage: TokenUsage
    /// The cost of the answer.
    public var cost = NanoUSD.zero
    /// Members of the gateway's own beside the answer: names, and values as JSON.
    public var members: [(name: StaticString, json: [UInt8])] = []

    /// Makes an answer.
    public init(_ identity: AnswerIdentity, choices: [CapturedChoice] = [], usage: TokenUsage = TokenUsage()) {
        (self.identity, self.choices, self.usage) = (identity, choices, usage)
    }

    /// The text of the first choice; empty when it has none.
    public var text: String { String(decoding: choices.first?.content ?? [], as: UTF8.self) }

    /// Tells the whole answer to `writer`, as if it came now.
    /// - Parameter tellsUsage: whether the client asked for the usage.
    public func replay(to writer: any AnswerWriter, tellsUsage: Bool) {
        for (index, choice) in choices.enumerated() { choice.replay(to: writer, choice: index) }
        if tellsUsage { writer.usage(usage, cost: cost) }
    }
}

/// One choice of an answer, put together part by part.
public struct CapturedChoice: Sendable {
    /// The text; `nil` as long as there is none.
    public private(set) var content: [UInt8]?
    /// The refusal; `nil` as long as there is none.
    public private(set) var refusal: [UInt8]?
    /// The reasoning in words; `nil` as long as there is none.
    public private(set) var reasoning: [UInt8]?
    /// The entries of `reasoning_details`, JSON objects.
    public private(set) var details: [[UInt8]] = []
    /// The tool calls, in order.
    public private(set) var toolCalls: [CapturedToolCall] = []
    /// Why the choice ended.
    public var finish = FinishNote(.missing)

    /// Makes an empty choice.
    public init() {}

    /// Whether there is anything that tokens were made for.
    public var hasOutput: Bool { content?.isEmpty == false || reasoning?.isEmpty == false || !toolCalls.isEmpty }

    // In place: an answer may come in very many pieces.
    /// Adds to a text; an empty piece makes an empty text of one that there was not.
    public mutating func add(_ kind: AnswerText, _ text: UnsafeRawBufferPointer) {
        switch kind {
        case .content: Self.add(text, to: &content)
        case .reasoning: Self.add(text, to: &reasoning)
        case .refusal: Self.add(text, to: &refusal)
        }
    }

    private static func add(_ text: UnsafeRawBufferPointer, to known: inout [UInt8]?) {
        if known == nil { known = [] }
        known?.append(contentsOf: text)
    }

    /// Adds an entry of `reasoning_details`.
    public mutating func add(_ detail: ReasoningDetail) {
        var json: [UInt8] = []
        detail.append(at: details.count, to: &json)
        details.append(json)
    }

    /// Adds a tool call.
    public mutating func add(_ call: ToolCallStart) {
        toolCalls.append(
            CapturedToolCall(
                id: Array(call.id), name: Array(call.name), arguments: Array(call.arguments), signature: call.signature.map { Array($0) }))
    }

    /// Adds to the arguments of the tool call at `index`; nothing where there is none.
    public mutating func addArguments(_ json: UnsafeRawBufferPointer, index: Int) {
        guard toolCalls.indices.contains(index) else { return }
        toolCalls[index].arguments.append(contentsOf: json)
    }

    fileprivate func replay(to writer: any AnswerWriter, choice index: Int) {
        tell(.reasoning, reasoning, writer, index)
        for detail in details { detail.withUnsafeBytes { writer.detail(ReasoningDetail(.entry($0), nil), choice: index) } }
        tell(.content, content, writer, index)
        tell(.refusal, refusal, writer, index)
        for (position, call) in toolCalls.enumerated() {
            call.withStart(at: position) { writer.toolCall($0, choice: index) }
        }
        writer.finish(finish, choice: index)
    }

    private func tell(_ kind: AnswerText, _ text: [UInt8]?, _ writer: any AnswerWriter, _ index: Int) {
        guard let text, !text.isEmpty else { return }
        text.withUnsafeBytes { writer.text(kind, $0, choice: index) }
    }
}

/// A tool call of an answer.
public struct CapturedToolCall: Hashable, Sendable {
    /// Unlike that of any other call of the conversation.
    public var id: [UInt8]
    /// The tool's name as the client spells it.
    public var name: [UInt8]
    /// JSON as the model wrote it, which need not be any; empty: none.
    public var arguments: [UInt8]
    /// Google's signature of the thoughts before the call.
    public var signature: [UInt8]?

    /// Makes a call.
    public init(id: [UInt8], name: [UInt8], arguments: [UInt8], signature: [UInt8]? = nil) {
        (self.id, self.name, self.arguments, self.signature) = (id, name, arguments, signature)
    }

    /// Passes the call as one that begins with all its arguments.
    public func withStart(at index: Int, _ body: (ToolCallStart) -> Void) {
        id.withUnsafeBytes { id in
            name.withUnsafeBytes { name in
                arguments.withUnsafeBytes { arguments in
                    guard let signature else { return body(ToolCallStart(index: index, id: id, name: name, arguments: arguments)) }
                    signature.withUnsafeBytes {
                        body(ToolCallStart(index: index, id: id, name: name, arguments: arguments, signature: $0))
                    }
                }
            }
        }
    }
}
