internal import Core

/// What the gateway changes in a request before it is sent: the same for settings of a model, for the turns of a tool loop and for the steps of a
/// workflow.
public struct RequestEdit: Sendable {
    /// Members to set, whatever the request has: a JSON object with at least one member.
    public var settings: [UInt8]?
    /// Messages behind the conversation: JSON objects.
    public var messages: [[UInt8]] = []
    /// Instead of all messages, before ``messages``: JSON objects; `nil`: the request's own.
    public var conversation: [[UInt8]]?
    /// A text of the system's before all other messages; `nil`: none.
    public var system: String?
    /// Tools besides those of the request: JSON objects.
    public var tools: [[UInt8]] = []
    /// Whether the answer is streamed; `nil`: as the client asked.
    public var streams: Bool?

    /// Whether the conversation becomes another one.
    var changesMessages: Bool { !messages.isEmpty || conversation != nil || system != nil }

    /// Makes an edit.
    public init(settings: [UInt8]? = nil, messages: [[UInt8]] = [], streams: Bool? = nil) {
        (self.settings, self.messages, self.streams) = (settings, messages, streams)
    }
}

extension ChatRequest {
    /// The request with `edit` applied, checked like one of a client's.
    /// - Throws: `invalid_request_error` when what comes of it is not valid.
    public func edited(_ edit: RequestEdit, reader: JSONReader) throws(GatewayError) -> ChatRequest {
        var names: Set<String> = []
        if let settings = edit.settings { names = try reader.read(settings) { (root) in Set(root.members.compactMap { $0.name.string }) } }
        var body: [UInt8] = [UInt8(ascii: "{")]
        try withRoot(reader) { root in
            var hasTools = false
            for member in root.rawMembers.map(Array.init) ?? [] {
                guard let name = member.name.string, !names.contains(name) else { continue }
                switch name {
                case "messages" where edit.changesMessages: body.appendMessages(edit, own: inside(member))
                case "tools" where !edit.tools.isEmpty:
                    hasTools = true
                    body.appendList("tools", [inside(member)] + edit.tools.map { $0[...] })
                case "stream" where edit.streams != nil, "stream_options" where edit.streams == false: continue
                default: body.append(contentsOf: text(member.range))
                }
                body.append(",")
            }
            if !edit.tools.isEmpty, !hasTools {
                body.appendList("tools", edit.tools.map { $0[...] })
                body.append(",")
            }
        }
        if let streams = edit.streams { body.append(streams ? "\"stream\":true," : "\"stream\":false,") }
        if let settings = edit.settings { body.append(contentsOf: settings.dropFirst()) } else { body[body.count - 1] = UInt8(ascii: "}") }
        var request = try ChatRequest(decoding: body, reader: reader)
        request.keepTags(of: self)
        return request
    }

    /// What stands between the brackets of a list.
    private func inside(_ member: JSONRawMember) -> ArraySlice<UInt8> {
        guard member.value.kind == .array else { return [] }
        return text(member.valueRange).dropFirst().dropLast()
    }
}

extension [UInt8] {
    fileprivate mutating func appendMessages(_ edit: RequestEdit, own: ArraySlice<UInt8>) {
        var messages = edit.conversation.map { $0.map { $0[...] } } ?? [own]
        if let system = edit.system {
            var message = Array("{\"role\":\"system\",\"content\":".utf8)
            message.appendJSONString(system)
            message.append("}")
            messages.insert(message[...], at: 0)
        }
        appendList("messages", messages + edit.messages.map { $0[...] })
    }

    /// Appends a member that is a list; items may be several with commas between them.
    fileprivate mutating func appendList(_ name: StaticString, _ items: [ArraySlice<UInt8>]) {
        append("\"")
        append(name)
        append("\":[")
        var isFirst = true
        for item in items where item.contains(where: { $0 > 0x20 }) {
            if !isFirst { append(",") }
            isFirst = false
            append(contentsOf: item)
        }
        append("]")
    }
}
