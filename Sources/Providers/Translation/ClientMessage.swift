internal import Chat

/// A message of a client's request.
struct ClientMessage {
    enum Role {
        /// `system` and `developer`.
        case system
        case user, assistant, tool
    }

    let role: Role
    /// The content; a string is one part. Empty parts of text are left out.
    let parts: [ClientPart]
    /// What an assistant called.
    let toolCalls: [ClientToolCall]
    /// The call that a tool answers, possibly empty.
    let toolCallID: UnsafeRawBufferPointer?
    /// The name of the function that a message of the old role `function` comes from.
    let toolName: UnsafeRawBufferPointer?
    /// Whether the tool failed (`is_error`, which is Anthropic's word).
    let isError: Bool
    /// The mark for the prompt cache on the whole message.
    let mark: CacheMark?
    /// An assistant's reasoning that must come back, beside that among the parts.
    let reasoning: [ReasoningDetail]
    /// Where it stands in `messages`.
    let index: Int

    static func readAll(
        _ list: JSONValue, _ abilities: ClientRequest.Abilities, _ format: ReasoningDetail.Format
    ) throws(GatewayError) -> [ClientMessage] {
        var messages: [ClientMessage] = []
        for (index, message) in list.elements.enumerated() {
            messages.append(try ClientMessage(message, index, abilities, format))
        }
        return messages
    }

    private init(
        _ message: JSONValue, _ index: Int, _ abilities: ClientRequest.Abilities, _ format: ReasoningDetail.Format
    ) throws(GatewayError) {
        self.index = index
        role = try Self.role(message["role"], index)
        var parts = try ClientPart.readAll(message["content"], index, abilities, format)
        if let refusal = message["refusal"]?.stringBytes, !refusal.isEmpty { parts.append(ClientPart(.text(refusal))) }
        self.parts = parts
        mark = CacheMark(message["cache_control"])
        toolCalls = role == .assistant ? try ClientToolCall.readAll(message, index) : []
        reasoning = role == .assistant ? ReasoningDetail.read(message, for: format) : []
        isError = message["is_error"]?.bool == true
        toolName = message["role"]?.isString("function") == true ? message["name"]?.stringBytes : nil
        let id = message["tool_call_id"]
        // Some servers give calls no ids; their clients then send none back.
        let hasNone = id?.isNull == true || message["role"]?.isString("function") == true
        toolCallID = id?.stringBytes ?? (hasNone ? UnsafeRawBufferPointer(start: nil, count: 0) : nil)
        if role == .tool, toolCallID == nil {
            throw .malformed("messages.\(index).tool_call_id", "a tool's message must name its call")
        }
    }

    /// Whether the assistant's own thoughts, with their signatures, came back.
    var hasThoughts: Bool { !reasoning.isEmpty || parts.contains(where: \.isThought) }

    private static func role(_ value: JSONValue?, _ index: Int) throws(GatewayError) -> Role {
        guard let value else { throw .malformed("messages.\(index).role", "expected a string") }
        if value.isString("user") { return .user }
        if value.isString("assistant") { return .assistant }
        // `function` is what `tool` was called before calls had ids.
        if value.isString("tool") || value.isString("function") { return .tool }
        if value.isString("system") || value.isString("developer") { return .system }
        throw .notTaken("messages.\(index).role", "The role '\(value.string ?? "")' is")
    }
}

/// A tool call that an assistant made earlier.
struct ClientToolCall {
    /// Possibly empty: some servers give none.
    let id: UnsafeRawBufferPointer
    let name: UnsafeRawBufferPointer
    /// The arguments' text, which ought to be a JSON object.
    let arguments: UnsafeRawBufferPointer
    /// Google's signature of the thoughts before the call, where the call itself has it.
    let signature: UnsafeRawBufferPointer?

    /// The calls of an assistant's message; the old `function_call` is one without an id.
    static func readAll(_ message: JSONValue, _ index: Int) throws(GatewayError) -> [ClientToolCall] {
        let calls = try readAll(message["tool_calls"], index)
        guard calls.isEmpty, let function = message["function_call"], let name = function["name"]?.stringBytes else { return calls }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        return [ClientToolCall(id: none, name: name, arguments: function["arguments"]?.stringBytes ?? none, signature: nil)]
    }

    private static func readAll(_ list: JSONValue?, _ message: Int) throws(GatewayError) -> [ClientToolCall] {
        guard let list, !list.isNull else { return [] }
        var calls: [ClientToolCall] = []
        for (index, call) in list.elements.enumerated() {
            let place = "messages.\(message).tool_calls.\(index)"
            guard let function = call["function"], function.kind == .object else {
                throw .notTaken(place, "A call that is no function call is")
            }
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            let given = call["id"]
            guard let id = given?.stringBytes ?? (given?.isNull != false ? none : nil) else {
                throw .malformed(place + ".id", "expected a string")
            }
            guard let name = function["name"]?.stringBytes else { throw .malformed(place + ".function.name", "expected a string") }
            let arguments = function["arguments"]?.stringBytes ?? none
            let signature = ReasoningDetail.googleSignature(of: call) ?? ReasoningDetail.googleSignature(of: function)
            calls.append(ClientToolCall(id: id, name: name, arguments: arguments, signature: signature))
        }
        return calls
    }
}
