internal import Chat

/// A part of a candidate's content. Borrows the text that it was read from.
struct GeminiPart {
    enum Kind {
        case text(UnsafeRawBufferPointer)
        /// A summary of what the model thought.
        case thought(UnsafeRawBufferPointer)
        /// A function call with its arguments as JSON.
        case call(name: UnsafeRawBufferPointer, arguments: [UInt8])
        /// A part that only carries a signature, or nothing.
        case nothing
    }

    let kind: Kind
    /// What must come back with this part.
    let signature: UnsafeRawBufferPointer?
    /// Google's own id of a call; many models give none.
    let callID: [UInt8]?

    var isCall: Bool { if case .call = kind { true } else { false } }

    /// Whether it holds anything that a client sees.
    var isOutput: Bool {
        switch kind {
        case .text(let text), .thought(let text): !text.isEmpty
        case .call: true
        case .nothing: false
        }
    }

    /// The parts of a candidate: none when it has no content, as after a block or at the end of a stream.
    static func readAll(_ candidate: JSONValue) throws(GatewayError) -> [GeminiPart] {
        guard candidate.kind == .object else { throw OpenAIFailure.unusable("a candidate is not an object") }
        var parts: [GeminiPart] = []
        guard let list = candidate["content"]?["parts"], !list.isNull else { return parts }
        guard list.kind == .array else { throw OpenAIFailure.unusable("the parts of a candidate are not a list") }
        for part in list.elements { parts.append(try GeminiPart(part)) }
        return parts
    }

    private init(_ part: JSONValue) throws(GatewayError) {
        guard part.kind == .object else { throw OpenAIFailure.unusable("a part is not an object") }
        signature = part["thoughtSignature"]?.stringBytes.flatMap { $0.isEmpty ? nil : $0 }
        if let call = part["functionCall"], !call.isNull {
            guard let name = call["name"]?.stringBytes, !name.isEmpty else { throw OpenAIFailure.unusable("a function call has no name") }
            kind = .call(name: name, arguments: try Self.arguments(call["args"]))
            callID = call["id"]?.stringBytes.flatMap { $0.isEmpty ? nil : [UInt8]($0) }
            return
        }
        callID = nil
        if let text = part["text"]?.stringBytes {
            kind = part["thought"]?.bool == true ? .thought(text) : .text(text)
        } else if signature != nil || part["thought"] != nil || part.isEmptyContainer {
            kind = .nothing
        } else {
            let name = part.members.first { _ in true }?.name.string ?? ""
            throw OpenAIFailure.unusable("a part of an unknown kind: \(name.prefix(64))")
        }
    }

    private static func arguments(_ args: JSONValue?) throws(GatewayError) -> [UInt8] {
        guard let args, !args.isNull else { return Array("{}".utf8) }
        guard args.kind == .object else { throw OpenAIFailure.unusable("the arguments of a function call are not an object") }
        var bytes: [UInt8] = []
        bytes.appendJSON(args)
        return bytes
    }
}
