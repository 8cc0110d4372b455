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
    /// The call that a tool answers.
    let toolCallID: UnsafeRawBufferPointer?
    /// Whether the tool failed (`is_error`, which is Anthropic's word).
    let isError: Bool
    /// `cache_control` on the whole message, as JSON.
    let cacheControl: JSONValue?
    /// An assistant's reasoning that must come back.
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
        var parts = try ClientPart.readAll(message["content"], index, abilities)
        if let refusal = message["refusal"]?.stringBytes, !refusal.isEmpty { parts.append(ClientPart(.text(refusal))) }
        self.parts = parts
        cacheControl = message["cache_control"].flatMap { $0.kind == .object ? $0 : nil }
        toolCalls = role == .assistant ? try ClientToolCall.readAll(message["tool_calls"], index) : []
        reasoning = role == .assistant ? ReasoningDetail.read(message, for: format) : []
        isError = message["is_error"]?.bool == true
        toolCallID = message["tool_call_id"]?.stringBytes
        if role == .tool, toolCallID == nil {
            throw .malformed("messages.\(index).tool_call_id", "a tool's message must name its call")
        }
    }

    private static func role(_ value: JSONValue?, _ index: Int) throws(GatewayError) -> Role {
        guard let value else { throw .malformed("messages.\(index).role", "expected a string") }
        if value.isString("user") { return .user }
        if value.isString("assistant") { return .assistant }
        if value.isString("tool") { return .tool }
        if value.isString("system") || value.isString("developer") { return .system }
        throw .notTaken("messages.\(index).role", "The role '\(value.string ?? "")' is")
    }
}

/// A tool call that an assistant made earlier.
struct ClientToolCall {
    let id: UnsafeRawBufferPointer
    let name: UnsafeRawBufferPointer
    /// The arguments' text, which ought to be a JSON object.
    let arguments: UnsafeRawBufferPointer

    static func readAll(_ list: JSONValue?, _ message: Int) throws(GatewayError) -> [ClientToolCall] {
        guard let list, !list.isNull else { return [] }
        var calls: [ClientToolCall] = []
        for (index, call) in list.elements.enumerated() {
            let place = "messages.\(message).tool_calls.\(index)"
            guard let function = call["function"], function.kind == .object else {
                throw .notTaken(place, "A call that is no function call is")
            }
            guard let id = call["id"]?.stringBytes else { throw .malformed(place + ".id", "expected a string") }
            guard let name = function["name"]?.stringBytes else { throw .malformed(place + ".function.name", "expected a string") }
            let arguments = function["arguments"]?.stringBytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
            calls.append(ClientToolCall(id: id, name: name, arguments: arguments))
        }
        return calls
    }
}
