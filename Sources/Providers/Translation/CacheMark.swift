internal import Chat
internal import Core

/// A client's `cache_control`, Anthropic's mark for the prompt cache: what stands up to it may be kept for the next request. It only advises.
struct CacheMark {
    /// How long the provider is to keep it; `nil`: as long as it usually does, which is five minutes.
    enum Duration {
        case fiveMinutes, hour

        var name: StaticString { self == .hour ? "1h" : "5m" }
    }
    var duration: Duration?

    /// - Returns: `nil` when `value` is not a mark.
    init?(_ value: JSONValue?) {
        guard let value, value.kind == .object else { return nil }
        if value["ttl"]?.isString("1h") == true {
            duration = .hour
        } else if value["ttl"]?.isString("5m") == true {
            duration = .fiveMinutes
        }
    }
}

extension CacheMark {
    /// Appends the member that tells for how long, with the comma before it; nothing where nothing is said.
    func appendDuration(to bytes: inout [UInt8]) {
        guard let duration else { return }
        bytes.append(",\"ttl\":\"")
        bytes.append(duration.name)
        bytes.append("\"")
    }
}

/// What a provider takes of marks for its prompt cache.
struct CacheRule {
    /// Whether tools can be marked.
    var takesTools = true
    /// Whether a mark may ask for an hour, or for any time at all.
    var takesDurations = true
    /// Whether a mark is a block of its own, which must not stand behind a document that is not a PDF.
    var isBlock = false

    /// Marks beyond these make providers refuse the request.
    static let most = 4
}

extension Prompt {
    /// Leaves those marks that the provider takes: at most four, the last ones in the order of the prompt, none for an hour behind one
    /// for less.
    /// - Parameter rule: `nil`: the provider, or this model of it, has no such cache.
    mutating func limitMarks(_ rule: CacheRule?) {
        var count = 0
        changeMarks(forTools: { mark in
            if rule?.takesTools != true { mark = nil }
            if mark != nil { count += 1 }
        }) { mark, block in
            if rule == nil || rule?.isBlock == true && block?.endsInOtherDocument == true { mark = nil }
            if mark != nil { count += 1 }
        }
        guard let rule, count > 0 else { return }
        var surplus = count - CacheRule.most
        var isShort = false
        func change(_ mark: inout CacheMark?) {
            guard mark != nil else { return }
            surplus -= 1
            if surplus >= 0 { return mark = nil }
            if !rule.takesDurations || (isShort && mark?.duration == .hour) { mark?.duration = nil }
            if mark?.duration != .hour { isShort = true }
        }
        changeMarks(forTools: { change(&$0) }) { mark, _ in change(&mark) }
    }

    /// Visits all marks in the order in which the provider reads the prompt.
    private mutating func changeMarks(forTools changeTool: (inout CacheMark?) -> Void, _ change: (inout CacheMark?, Block?) -> Void) {
        for index in tools.indices { changeTool(&tools[index].mark) }
        for index in system.indices { change(&system[index].mark, nil) }
        for turn in turns.indices {
            for index in turns[turn].blocks.indices where turns[turn].blocks[index].mark != nil {
                change(&turns[turn].blocks[index].mark, turns[turn].blocks[index])
            }
        }
    }
}

extension Prompt.Block {
    /// Whether a document that is not a PDF stands at its end.
    fileprivate var endsInOtherDocument: Bool {
        switch kind {
        case .part(let part): part.kind.isOtherDocument
        case .result(let result): result.parts.last?.kind.isOtherDocument == true
        case .note, .thought, .call: false
        }
    }
}

extension ClientPart.Kind {
    fileprivate var isOtherDocument: Bool {
        if case .file(.inline(let media), _) = self { media.type != MediaType.pdf } else { false }
    }
}
