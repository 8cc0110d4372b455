internal import Chat

/// The provider's ids of the calls in a conversation: the client's where the provider takes them and they are distinct, otherwise ids like them.
struct CallIDs {
    /// Whether each call of the conversation keeps the client's id, in order.
    private var taken: [Bool] = []
    private var distinct: DistinctNames?
    private var position = 0

    /// - Parameter rule: `nil`: calls have no ids.
    init(_ messages: [ClientMessage], _ rule: NameRule?) {
        guard let rule else { return }
        var names = DistinctNames(rule)
        for message in messages { for call in message.toolCalls { taken.append(names.take(call.id)) } }
        distinct = names
    }

    /// The id of the next call of the conversation, which is `call`.
    mutating func next(_ call: ClientToolCall) -> [UInt8] {
        guard distinct != nil else { return [] }
        defer { position += 1 }
        if taken[position] { return Array(call.id) }
        return distinct?.make(from: call.id) ?? []
    }
}

/// The calls of an assistant's turn, and which of them have a result.
struct OpenCalls {
    private var calls: [Prompt.Call] = []
    private var isAnswered: [Bool] = []
    /// The calls without a result by the client's id, in order: ids may come twice.
    private var waiting: [[UInt8]: ArraySlice<Int>] = [:]

    mutating func append(_ call: ClientToolCall, _ sent: Prompt.Call) {
        waiting[Array(call.id), default: []].append(calls.count)
        calls.append(sent)
        isAnswered.append(false)
    }

    /// The first call of that id that has no result yet, and its place among the calls; it has one from now on.
    mutating func answer(_ id: UnsafeRawBufferPointer) -> (call: Prompt.Call, order: Int)? {
        guard let order = waiting[Array(id)]?.popFirst() else { return nil }
        isAnswered[order] = true
        return (calls[order], order)
    }

    /// The calls without a result.
    var unanswered: [(call: Prompt.Call, order: Int)] {
        zip(calls, isAnswered).enumerated().compactMap { $1.1 ? nil : ($1.0, $0) }
    }
}

/// Google's signatures that came back with an assistant's message.
struct Signatures {
    /// By the client's id of the call that each belongs to.
    private var byCall: [[UInt8]: UnsafeRawBufferPointer] = [:]
    /// That which belongs to no call but to the text.
    private var loose: UnsafeRawBufferPointer?

    init() {}

    init(_ message: ClientMessage) {
        for case .encrypted(let data, let id) in message.reasoning.map(\.kind) {
            guard let id else {
                loose = data
                continue
            }
            if byCall[Array(id)] == nil { byCall[Array(id)] = data }
        }
    }

    func take(for call: ClientToolCall) -> UnsafeRawBufferPointer? {
        (byCall.isEmpty ? nil : byCall[Array(call.id)]) ?? call.signature
    }

    mutating func takeLoose() -> UnsafeRawBufferPointer? {
        defer { loose = nil }
        return loose
    }
}
