internal import Chat
internal import Core

/// Tells what a server of OpenAI's dialect says in the events of any writer. It reads what ``OpenAIStream`` and ``OpenAIAnswer`` have made good, so that
/// what servers do wrong is known in one place.
struct OpenAIRetelling {
    private let choices: Int
    /// How many tool calls each choice has begun, by the server's index: indexes may have gaps.
    private var calls: [Int: [Int64: Int]] = [:]
    /// The choices that were ended.
    private var finished: Set<Int> = []
    private var isIdentified = false

    init(_ context: AnswerContext) { choices = context.choices }

    /// Retells a chunk, or a whole completion.
    mutating func retell(_ root: JSONValue, to writer: any AnswerWriter) {
        if !isIdentified, let id = root["id"]?.stringBytes {
            writer.identify(id)
            isIdentified = true
        }
        for choice in root["choices"].map({ Array($0.elements) }) ?? [] {
            // Choices beyond the number that was asked for are ignored.
            let index = choice["index"].map { $0.int64.flatMap(Int.init(exactly:)) ?? -1 } ?? 0
            guard (0..<choices).contains(index) else { continue }
            if let said = choice["delta"] ?? choice["message"] { retell(said, choice: index, to: writer) }
            let word = FinishWord(choice["finish_reason"])
            guard word.reason != .missing, finished.insert(index).inserted else { continue }
            writer.finish(note(word, choice["native_finish_reason"]), choice: index)
        }
    }

    private func note(_ word: FinishWord, _ native: JSONValue?) -> FinishNote {
        native?.stringBytes.map { FinishNote(word.reason, native: $0) } ?? FinishNote(word.reason)
    }

    private mutating func retell(_ said: JSONValue, choice: Int, to writer: any AnswerWriter) {
        let reasoning = said["reasoning_content"] ?? said["reasoning"] ?? said["thinking"]
        tell(.reasoning, reasoning, choice, writer)
        for detail in said["reasoning_details"].map({ Array($0.elements) }) ?? [] where detail.kind == .object {
            var json: [UInt8] = []
            json.appendJSON(detail)
            json.withUnsafeBytes { writer.detail(ReasoningDetail(.entry($0), nil), choice: choice) }
        }
        tell(.content, said["content"], choice, writer)
        tell(.refusal, said["refusal"], choice, writer)
        let called = said["tool_calls"].map { Array($0.elements) } ?? []
        for (position, call) in called.enumerated() {
            retell(call, index: call["index"]?.int64 ?? Int64(position), choice, writer)
        }
        if let call = said["function_call"], call.kind == .object { retell(function: call, nil, index: -1, choice, writer) }
    }

    private func tell(_ kind: AnswerText, _ text: JSONValue?, _ choice: Int, _ writer: any AnswerWriter) {
        guard let text = text?.stringBytes, !text.isEmpty else { return }
        writer.text(kind, text, choice: choice)
    }

    private mutating func retell(_ call: JSONValue, index: Int64, _ choice: Int, _ writer: any AnswerWriter) {
        guard let function = call["function"] ?? call["custom"] else { return }
        retell(function: function, call, index: index, choice, writer)
    }

    private mutating func retell(
        function: JSONValue, _ call: JSONValue?, index: Int64, _ choice: Int, _ writer: any AnswerWriter
    ) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        let arguments = (function["arguments"] ?? function["input"])?.stringBytes ?? none
        if let known = calls[choice]?[index] {
            if !arguments.isEmpty { writer.arguments(arguments, index: known, choice: choice) }
            return
        }
        let position = calls[choice]?.count ?? 0
        calls[choice, default: [:]][index] = position
        let start = ToolCallStart(
            index: position, id: call?["id"]?.stringBytes ?? none, name: function["name"]?.stringBytes ?? none, arguments: arguments,
            signature: call.flatMap(ReasoningDetail.googleSignature))
        writer.toolCall(start, choice: choice)
    }
}

/// A stream of OpenAI's dialect for a writer of another.
struct RetoldStream {
    private var stream: OpenAIStream
    private var retelling: OpenAIRetelling
    private let writer: any AnswerWriter
    private let pricing: Pricing
    private let wantsUsage: Bool
    /// Events that are made good and not retold yet.
    private var events: [UInt8] = []

    init(_ context: AnswerContext, _ pricing: Pricing, _ writer: any AnswerWriter) {
        stream = OpenAIStream(clientWantsUsage: false, pricing: pricing, choices: context.choices, model: context.model)
        retelling = OpenAIRetelling(context)
        (self.writer, self.pricing) = (writer, pricing)
        wantsUsage = context.wantsUsageChunk
    }

    var usage: TokenUsage? { stream.usage }
    var finalUsage: TokenUsage? { stream.finalUsage }
    var reportedAtLeast: TokenUsage? { stream.reportedAtLeast }
    var contentEvents: Int { stream.contentEvents }
    var textBytes: Int { stream.textBytes }
    var progress: Int { stream.progress }
    var isWhole: Bool { stream.isWhole }
    var lacksUsage: Bool { wantsUsage && usage == nil }

    mutating func feed(_ bytes: UnsafeRawBufferPointer, reader: JSONReader, into out: inout [UInt8]) -> OpenAIStream.State {
        let state = stream.feed(bytes, reader: reader, into: &events)
        retell(reader, &out)
        if case .done = state { appendReportedUsage(to: &out) }
        return state
    }

    mutating func end(reader: JSONReader, into out: inout [UInt8]) -> OpenAIStream.End {
        let wasDone = if case .done = stream.state { true } else { false }
        let end = stream.end(reader: reader, into: &events)
        retell(reader, &out)
        if !wasDone, case .complete = end { appendReportedUsage(to: &out) }
        return end
    }

    private func appendReportedUsage(to out: inout [UInt8]) {
        if wantsUsage, let usage { appendUsage(usage, to: &out) }
    }

    func appendUsage(_ usage: TokenUsage, to out: inout [UInt8]) {
        writer.writing(to: &out) { $0.usage(usage, cost: pricing.cost(of: usage)) }
    }

    func appendMember(_ name: StaticString, _ json: [UInt8], to out: inout [UInt8]) { writer.writing(to: &out) { $0.member(name, json) } }

    mutating func appendLength(to out: inout [UInt8]) {
        stream.appendLength(to: &events)
        // What the gateway wrote itself is JSON.
        retell(JSONReader(), &out)
    }

    /// Retells the events that have come; whole ones, as the stream passes them on.
    private mutating func retell(_ reader: JSONReader, _ out: inout [UInt8]) {
        guard !events.isEmpty else { return }
        var events: [UInt8] = []
        swap(&events, &self.events)
        var finder = SSEEventFinder()
        var start = 0
        events.withUnsafeBytes { text in
            finder.willSearch(text)
            while let event = finder.next(in: text) {
                let block = SSEEventBlock(event, startingAt: start, in: text)
                start = event.end
                if let range = block.onlyData {
                    retell(UnsafeRawBufferPointer(rebasing: block.bytes[range]), reader, &out)
                } else if let data = block.fields().data {
                    data.withUnsafeBytes { retell($0, reader, &out) }
                }
            }
        }
        events.removeAll(keepingCapacity: true)
        swap(&events, &self.events)
    }

    private mutating func retell(_ data: UnsafeRawBufferPointer, _ reader: JSONReader, _ out: inout [UInt8]) {
        var retelling = retelling
        writer.writing(to: &out) { writer in
            // It was read before, so that it is JSON.
            _ = try? reader.read(data) { retelling.retell($0, to: writer) }
        }
        self.retelling = retelling
    }
}

extension AnswerWriter {
    /// Lends the writer `out` for its output.
    func writing<R, Failure: Error>(to out: inout [UInt8], _ body: (any AnswerWriter) throws(Failure) -> R) throws(Failure) -> R {
        swap(&output, &out)
        defer { swap(&output, &out) }
        return try body(self)
    }
}
