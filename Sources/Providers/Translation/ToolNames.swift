internal import Chat

/// The names by which a provider knows the client's tools: the client's own where the provider takes them, otherwise names like them.
///
/// The same name stands for a tool everywhere in a request: among the tools, as the choice, in the history and with the results. The client's
/// spelling comes back in answers and streams.
struct ToolNames: Sendable {
    private var distinct: DistinctNames
    /// The provider's name for each name that it does not take.
    private var changed: [[UInt8]: [UInt8]] = [:]

    /// - Parameters:
    ///   - tools: what the client offers; their names come before those that only the history has.
    ///   - messages: the conversation, which may name tools that are offered no more.
    init(_ tools: [ClientTool], _ messages: [ClientMessage], _ rule: NameRule) {
        distinct = DistinctNames(rule)
        var unfit: [UnsafeRawBufferPointer] = []
        for tool in tools where !distinct.take(tool.name) && !rule.isValid(tool.name) { unfit.append(tool.name) }
        for message in messages {
            for call in message.toolCalls where !distinct.take(call.name) && !rule.isValid(call.name) { unfit.append(call.name) }
        }
        for name in unfit where changed[Array(name)] == nil { changed[Array(name)] = distinct.make(from: name) }
    }

    /// The provider's name of the client's tool `name`.
    func sent(_ name: UnsafeRawBufferPointer) -> [UInt8] {
        let name = Array(name)
        return changed[name] ?? name
    }

    /// A name for a tool of the gateway's: `wanted`, or one like it that no tool of the client's has.
    func freeName(_ wanted: String) -> String {
        var name = wanted
        while distinct.isTaken(name) { name += "_" }
        return name
    }

    /// The client's spelling of the names that were changed, by the provider's.
    var spellings: [[UInt8]: [UInt8]] { Dictionary(uniqueKeysWithValues: changed.map { ($1, $0) }) }
}
