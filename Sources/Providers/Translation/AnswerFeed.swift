internal import Chat

/// Tells a provider's answer to a writer: counts what comes, and puts the client's spelling for the provider's names.
struct AnswerFeed {
    /// Events that carried text, reasoning or tool arguments.
    private(set) var contentEvents = 0
    /// Bytes of their text.
    private(set) var textBytes = 0
    /// Events that carried content or the end of a choice.
    private(set) var progress = 0
    let writer: any AnswerWriter
    private let context: AnswerContext

    init(_ context: AnswerContext, _ writer: any AnswerWriter) { (self.context, self.writer) = (context, writer) }

    /// Takes over the provider's own id, if it gives one. Before anything else.
    func identify(_ id: UnsafeRawBufferPointer) { writer.identify(id) }

    /// More of a text.
    mutating func addText(_ kind: AnswerText, _ text: UnsafeRawBufferPointer, choice: Int = 0) {
        guard !text.isEmpty else { return }
        writer.text(kind, text, choice: choice)
        note(text)
    }

    /// A whole entry of `reasoning_details`.
    mutating func addDetail(_ detail: ReasoningDetail, choice: Int = 0) {
        writer.detail(detail, choice: choice)
        progress += 1
    }

    /// Notes text that goes to the client later, or never.
    mutating func noteHeld(_ text: UnsafeRawBufferPointer) { if !text.isEmpty { note(text) } }

    /// Text that was noted when it came.
    func addHeld(_ text: UnsafeRawBufferPointer) { if !text.isEmpty { writer.text(.content, text, choice: 0) } }

    /// The beginning of a tool call.
    /// - Parameters:
    ///   - index: counts the tool calls of the choice from 0.
    ///   - id: `nil`: the provider gives none, so one is made up.
    ///   - name: the provider's name of the tool.
    ///   - signature: Google's signature of the thoughts before the call.
    mutating func addToolCall(
        _ index: Int, id: UnsafeRawBufferPointer?, name: UnsafeRawBufferPointer, arguments: UnsafeRawBufferPointer? = nil,
        signature: UnsafeRawBufferPointer? = nil, choice: Int = 0
    ) {
        let arguments = arguments ?? UnsafeRawBufferPointer(start: nil, count: 0)
        context.withCallID(id, at: index) { id in
            context.withSpelling(of: name) { name in
                writer.toolCall(
                    ToolCallStart(index: index, id: id, name: name, arguments: arguments, signature: signature), choice: choice)
            }
        }
        note(arguments)
    }

    /// More of a tool call's arguments.
    mutating func addArguments(_ index: Int, _ json: UnsafeRawBufferPointer, choice: Int = 0) {
        guard !json.isEmpty else { return }
        writer.arguments(json, index: index, choice: choice)
        note(json)
    }

    /// The end of a choice.
    mutating func addFinish(_ finish: FinishNote, choice: Int = 0) {
        writer.finish(finish, choice: choice)
        progress += 1
    }

    private mutating func note(_ text: UnsafeRawBufferPointer) {
        progress += 1
        contentEvents += 1
        textBytes += text.count
    }
}

extension AnswerContext {
    /// Passes a tool call's id. One that is made up differs from those of other calls and other answers.
    func withCallID(_ id: UnsafeRawBufferPointer?, at index: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        if let id, !id.isEmpty { return body(id) }
        Array("call_\(self.id.split(separator: "-").last ?? "")_\(index)".utf8).withUnsafeBytes(body)
    }

    /// Passes the name of a tool that a provider calls, in the client's spelling.
    func withSpelling(of name: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard !toolSpellings.isEmpty, let spelling = toolSpellings[Array(name)] else { return body(name) }
        spelling.withUnsafeBytes(body)
    }
}
