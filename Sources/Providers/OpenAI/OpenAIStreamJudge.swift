internal import Chat
internal import Core

/// What becomes of one event of the stream.
extension OpenAIStream {
    enum Fate {
        /// The client gets the event's own bytes.
        case forward
        /// The client gets nothing.
        case drop
        /// The client gets `replacement`.
        case replace
        /// The client gets `replacement`, and the stream is over: `state` says how.
        case stop
    }

    /// Decides about an event and keeps what it says.
    mutating func judge(_ block: SSEEventBlock, _ reader: JSONReader) -> Fate {
        replacement.removeAll(keepingCapacity: true)
        if let range = block.onlyData {
            return judge(UnsafeRawBufferPointer(rebasing: block.bytes[range]), Place(block: block, range: range), reader)
        }
        if block.isBlank { return .drop }
        let fields = block.fields()
        if fields.name == Array("error".utf8) { return stop(.failed(reportedError(fields.data ?? [], reader))) }
        // Comments, pings and blank lines.
        guard let data = fields.data else { return .drop }
        let isNamed = !fields.name.isEmpty && fields.name != Array("message".utf8)
        return data.withUnsafeBytes { judge($0, Place(block: block, range: nil, isNamed: isNamed), reader) }
    }

    /// Where the data of an event stands.
    struct Place {
        let block: SSEEventBlock
        /// The data in the block; `nil` when it was put together from several lines.
        let range: Range<Int>?
        /// Whether the event has a name, so that it may be something else than a chunk.
        var isNamed = false
    }

    private mutating func stop(_ state: State) -> Fate {
        self.state = state
        return .stop
    }

    private mutating func judge(_ data: UnsafeRawBufferPointer, _ place: Place, _ reader: JSONReader) -> Fate {
        guard let first = data.first else { return .drop }
        guard first == UInt8(ascii: "{") else { return judgeText(data, place, reader) }
        if isCommitted, !parsesAll, place.range != nil, let bytes = template.textBytes(data) {
            note(textBytes: bytes, isContent: true)
            isReportStale = true
            return .forward
        }
        do {
            return judge(try OpenAIStreamChunk.read(data, reader: reader), data, place, reader)
        } catch { return judgeFailure(error, data, place, reader) }
    }

    private mutating func note(textBytes bytes: Int, isContent: Bool) {
        if isContent { progress += 1 }
        guard bytes > 0 else { return }
        contentEvents += 1
        textBytes += bytes
    }

    private mutating func judgeText(_ data: UnsafeRawBufferPointer, _ place: Place, _ reader: JSONReader) -> Fate {
        if data.elementsEqual("[DONE]".utf8) {
            guard isCommitted else { return stop(.failed(OpenAIFailure.unusable("the stream ended without an answer"))) }
            var usage: [UInt8] = []
            appendReportedUsage(to: &usage, reader)
            replacement = usage
            return stop(.done)
        }
        // At the end of the bytes it is just an event that was cut off; an event with a name of its own may be anything.
        if parsesAll || place.isNamed { return .drop }
        return stop(.failed(OpenAIFailure.unusable("a stream event is neither JSON nor [DONE]")))
    }

    /// What is not a chunk: mended, skipped, or the end.
    private mutating func judgeFailure(_ error: GatewayError, _ data: UnsafeRawBufferPointer, _ place: Place, _ reader: JSONReader) -> Fate
    {
        let isReport = try? reader.read(data) { OpenAIFailure.isReported(in: $0) }
        if isReport == nil, let mended = JSONMending.mended(data) {
            let fate: Fate? = mended.withUnsafeBytes { mended in
                guard let chunk = try? OpenAIStreamChunk.read(mended, reader: reader) else { return nil }
                return judge(chunk, mended, Place(block: place.block, range: nil, isNamed: true), reader)
            }
            if let fate { return fate }
        }
        // An event with a name of its own may be anything; at the end of the bytes what is not JSON was cut off.
        if isReport == nil ? parsesAll : isReport == false && place.isNamed { return .drop }
        return stop(.failed(error))
    }

    private mutating func judge(_ chunk: OpenAIStreamChunk, _ data: UnsafeRawBufferPointer, _ place: Place, _ reader: JSONReader) -> Fate {
        note(textBytes: chunk.content.textBytes, isContent: chunk.isContent)
        identity.learn(chunk.identity, data)
        for index in chunk.finished where (0..<Int64(choices)).contains(index) { finished.insert(index) }
        noteUsage(chunk, data)
        // The usage comes last, in a chunk of its own.
        if chunk.hasNoChoices, !chunk.usages.isEmpty { return .drop }
        guard isCommitted else { return commit(chunk, data, reader) }
        return pass(chunk, data, place)
    }

    /// Nothing is sent before there is content: until then another target may answer.
    private mutating func commit(_ chunk: OpenAIStreamChunk, _ data: UnsafeRawBufferPointer, _ reader: JSONReader) -> Fate {
        guard chunk.isContent else {
            if heldBytes + data.count <= Self.longestHeld {
                held.append(Array(data))
                heldBytes += data.count
            }
            return .drop
        }
        if identity.isIncomplete { identity.complete(standIn ?? StreamIdentity.StandIn(model: model)) }
        isCommitted = true
        for event in held {
            event.withUnsafeBytes { text in
                if let chunk = try? OpenAIStreamChunk.read(text, reader: reader) { append(chunk, text) }
            }
        }
        held = []
        append(chunk, data)
        return .replace
    }

    private mutating func pass(_ chunk: OpenAIStreamChunk, _ data: UnsafeRawBufferPointer, _ place: Place) -> Fate {
        let changes = changes(of: chunk, data)
        if changes.isEmpty, !place.isNamed {
            if place.range != nil, chunk.finished.isEmpty, chunk.content.textBytes > 0 {
                template.take(data, chunk.content.holes + chunk.padding)
            }
            return .forward
        }
        if let range = place.range {
            replacement.append(contentsOf: place.block.bytes[..<range.lowerBound])
            changes.append(data, to: &replacement)
            replacement.append(contentsOf: place.block.bytes[range.upperBound...])
        } else {
            append(changes, data)
        }
        return .replace
    }

    /// What makes a chunk one of this stream that every client can read, without usage.
    private func changes(of chunk: OpenAIStreamChunk, _ data: UnsafeRawBufferPointer) -> TextChanges {
        var changes = chunk.changes
        identity.apply(to: chunk.identity, data, &changes)
        for site in chunk.usages { changes.replace(site.value, with: "null") }
        return changes
    }

    private mutating func append(_ chunk: OpenAIStreamChunk, _ data: UnsafeRawBufferPointer) { append(changes(of: chunk, data), data) }

    /// Appends an event; data of several lines becomes one line.
    private mutating func append(_ changes: TextChanges, _ data: UnsafeRawBufferPointer) {
        replacement.append("data: ")
        let start = replacement.count
        changes.append(data, to: &replacement)
        SSE.replaceLineEnds(in: &replacement, from: start)
        replacement.append("\n\n")
    }

    /// The error of an `event: error`, whose data may be the error itself or hold it as `error`.
    private func reportedError(_ data: [UInt8], _ reader: JSONReader) -> GatewayError {
        data.withUnsafeBytes { text in
            let error = try? reader.read(text) { root in OpenAIFailure.embedded(root, in: text) }
            return error ?? OpenAIFailure.unusable("an error event that is not JSON")
        }
    }
}

/// What is reported of the usage.
extension OpenAIStream {
    /// Takes in the reports of a chunk. A report is the last word as long as no text comes behind it.
    private mutating func noteUsage(_ chunk: OpenAIStreamChunk, _ data: UnsafeRawBufferPointer) {
        if chunk.content.textBytes > 0 { isReportStale = true }
        for site in chunk.usages {
            reportedAtLeast = reportedAtLeast.map { $0.union(site.report.atLeast) } ?? site.report.atLeast
        }
        guard let site = chunk.usages.first(where: { $0.usage != nil }), let usage = site.usage else { return }
        report = usage
        isReportStale = false
        guard clientWantsUsage else { return }
        // A chunk of the provider's own that has nothing else goes to the client in the end, with what stands beside the usage.
        var changes = chunk.changes
        let value = site.rendered(data, cost: pricing.cost(of: usage))
        if chunk.hasNoChoices {
            for other in chunk.usages { changes.replace(other.value, with: other.value == site.value ? value : Array("null".utf8)) }
            usageChunk = []
            changes.append(data, to: &usageChunk)
            usageObject = []
        } else {
            (usageChunk, usageObject) = ([], value)
        }
    }

    /// Appends the chunk with the usage that the provider reported, for the client that asked for it.
    func appendReportedUsage(to out: inout [UInt8], _ reader: JSONReader) {
        guard clientWantsUsage, usage != nil else { return }
        guard !usageChunk.isEmpty else { return appendChunk("usage", to: &out) { $0.append(contentsOf: usageObject) } }
        out.append("data: ")
        let start = out.count
        usageChunk.withUnsafeBytes { text in
            let chunk = try? reader.read(text) { root -> StreamIdentity.Members in
                var members = StreamIdentity.Members()
                for member in root.rawMembers.map(Array.init) ?? [] {
                    if members.start == 0 { members.start = member.nameRange.lowerBound }
                    members.note(member)
                }
                return members
            }
            var changes = TextChanges()
            if let chunk { identity.apply(to: chunk, text, &changes) }
            changes.append(text, to: &out)
        }
        SSE.replaceLineEnds(in: &out, from: start)
        out.append("\n\n")
    }
}
