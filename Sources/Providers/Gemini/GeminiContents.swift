internal import Chat

/// Turns a conversation into Google's `contents` and `systemInstruction`.
///
/// Google has two roles, and neighbouring messages of one role are one content. Results of functions are matched with their calls by name and
/// order, so they are put into the order of the calls.
struct GeminiContents {
    /// The beginning of the body and the entries of `contents`, separated by commas.
    var contents: [UInt8] = []
    /// The parts of `systemInstruction`, separated by commas.
    private(set) var system: [UInt8] = []

    enum Role { case user, model }
    private var openRole: Role?
    /// The calls of all assistants so far, by their id.
    private var calls: [String: Call] = [:]
    private var callCount = 0
    let generation: GeminiGeneration
    /// What functions were called with and gave is JSON within the strings of the text.
    var json = ToolArguments()

    /// A function call of an assistant.
    struct Call {
        let name: UnsafeRawBufferPointer
        /// Counts the calls of the conversation.
        let order: Int
    }

    /// - Parameter body: is taken, and stands in front of the entries in `contents`.
    init(_ generation: GeminiGeneration, appendingTo body: inout [UInt8]) {
        self.generation = generation
        swap(&contents, &body)
    }

    /// Writes the conversation.
    /// - Throws: `invalid_request_error` naming the message that Google cannot take.
    mutating func write(_ messages: [ClientMessage]) throws(GatewayError) {
        var position = 0
        while position < messages.count {
            let message = messages[position]
            var next = position + 1
            switch message.role {
            case .system: for part in message.parts { try appendSystem(part, message) }
            case .user: for part in message.parts { append(part.kind) }
            case .assistant: writeAssistant(message)
            case .tool:
                next = messages[position...].firstIndex { $0.role != .tool } ?? messages.count
                try writeResults(messages[position..<next])
            }
            position = next
        }
        // Google wants a content even when there is nothing but instructions.
        if openRole == nil, !system.isEmpty {
            contents.append("{\"role\":\"user\",\"parts\":[")
            contents += system
            system = []
            openRole = .user
        }
        if openRole != nil { contents.append("]}") }
    }

    private mutating func appendSystem(_ part: ClientPart, _ message: ClientMessage) throws(GatewayError) {
        guard let text = part.text else {
            throw .notTaken("messages.\(message.index).content", "Anything but text in a \"system\" message is")
        }
        if !system.isEmpty { system.append(",") }
        system.append("{\"text\":")
        system.appendJSONString(text)
        system.append("}")
    }

    /// Begins a part of `role`'s content, which is the last one or a new one.
    mutating func beginPart(_ role: Role) {
        if openRole == role { return contents.append(",") }
        if openRole != nil { contents.append("]},") }
        contents.append(role == .user ? "{\"role\":\"user\",\"parts\":[" : "{\"role\":\"model\",\"parts\":[")
        openRole = role
    }

    /// Appends a part.
    mutating func append(_ kind: ClientPart.Kind, _ role: Role = .user, signature: UnsafeRawBufferPointer? = nil) {
        beginPart(role)
        switch kind {
        case .text(let text):
            contents.append("{\"text\":")
            contents.appendJSONString(text)
        case .image(let source): contents.append(source)
        case .file(let source, _): contents.append(source)
        case .audio(let data, let format):
            contents.appendInline(mediaType: Array("audio/".utf8) + format, base64: data)
        }
        appendSignature(signature)
        contents.append("}")
    }

    mutating func appendSignature(_ signature: UnsafeRawBufferPointer?) {
        guard let signature else { return }
        contents.append(",\"thoughtSignature\":")
        contents.appendJSONString(signature)
    }

    /// Keeps a call for the results that follow.
    mutating func remember(_ call: ClientToolCall) {
        calls[String(decoding: call.id, as: UTF8.self)] = Call(name: call.name, order: callCount)
        callCount += 1
    }

    /// The call of that id.
    func call(_ id: UnsafeRawBufferPointer) -> Call? { calls[String(decoding: id, as: UTF8.self)] }
}
