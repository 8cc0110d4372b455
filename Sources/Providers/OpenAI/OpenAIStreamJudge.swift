internal import Chat

/// What becomes of one event of the stream.
extension OpenAIStream {
    enum Fate {
        /// The client gets the event's own bytes.
        case forward
        /// The client gets nothing.
        case drop
        /// The client gets `replacement`.
        case replace
        /// The client gets nothing, and the stream is over: `state` says how.
        case stop
    }

    /// Decides about an event and keeps what it says.
    mutating func judge(_ block: SSEEventBlock, _ reader: JSONReader) -> Fate {
        if let range = block.onlyData {
            return judge(UnsafeRawBufferPointer(rebasing: block.bytes[range]), standingAt: range, in: block, reader)
        }
        let fields = block.fields()
        if fields.name == Array("error".utf8) {
            state = .failed(reportedError(fields.data ?? [], reader))
            return .stop
        }
        // Comments, pings and blank lines.
        guard let data = fields.data else { return .drop }
        return data.withUnsafeBytes { judge($0, standingAt: nil, in: block, reader) }
    }

    /// - Parameter place: where `data` stands in the block; `nil` when it was put together from several lines.
    private mutating func judge(
        _ data: UnsafeRawBufferPointer, standingAt place: Range<Int>?, in block: SSEEventBlock, _ reader: JSONReader
    ) -> Fate {
        guard let first = data.first else { return .drop }
        guard first == UInt8(ascii: "{") else { return judgeText(data) }
        let glance = ChunkGlance(data)
        if glance.needsParsing || isFirstChunk || parsesAll {
            do {
                let chunk = try OpenAIStreamChunk.read(data, reader: reader, wantsIdentity: isFirstChunk)
                note(glance)
                return judge(chunk, data, standingAt: place, in: block)
            } catch { return judgeFailure(error, data, reader) }
        }
        note(glance)
        return .forward
    }

    private mutating func note(_ glance: ChunkGlance) {
        guard glance.hasContent else { return }
        contentEvents += 1
        textBytes += glance.textBytes
    }

    private mutating func judgeText(_ data: UnsafeRawBufferPointer) -> Fate {
        if data.elementsEqual("[DONE]".utf8) {
            state = .done
            return .stop
        }
        // At the end of the bytes it is just an event that was cut off.
        if parsesAll { return .drop }
        state = .failed(OpenAIFailure.unusable("a stream event is neither JSON nor [DONE]"))
        return .stop
    }

    private mutating func judgeFailure(_ error: GatewayError, _ data: UnsafeRawBufferPointer, _ reader: JSONReader) -> Fate {
        if parsesAll, (try? reader.read(data) { _ in true }) == nil { return .drop }
        state = .failed(error)
        return .stop
    }

    private mutating func judge(
        _ chunk: OpenAIStreamChunk, _ data: UnsafeRawBufferPointer, standingAt place: Range<Int>?, in block: SSEEventBlock
    ) -> Fate {
        if isFirstChunk { identity = chunk.identity }
        isFirstChunk = false
        for index in chunk.finished where (0..<Int64(choices)).contains(index) { finished.insert(index) }
        guard let site = chunk.usage else { return .forward }
        if let reported = site.usage { usage = reported }
        let shown = clientWantsUsage ? site.usage : nil
        if shown == nil, chunk.hasNoChoices { return .drop }
        let cost = shown.map(pricing.cost)
        replace(data, standingAt: place, in: block) { text, bytes in
            if let cost {
                site.append(text, cost: cost, to: &bytes)
            } else {
                site.appendWithoutUsage(text, to: &bytes)
            }
        }
        return .replace
    }

    /// Makes the event anew around the changed data; data of several lines becomes one line.
    private mutating func replace(
        _ data: UnsafeRawBufferPointer, standingAt place: Range<Int>?, in block: SSEEventBlock,
        by change: (UnsafeRawBufferPointer, inout [UInt8]) -> Void
    ) {
        replacement.removeAll(keepingCapacity: true)
        if let place {
            replacement.append(contentsOf: block.bytes[..<place.lowerBound])
            change(data, &replacement)
            replacement.append(contentsOf: block.bytes[place.upperBound...])
        } else {
            replacement.append("data: ")
            let start = replacement.count
            change(data, &replacement)
            SSE.replaceLineEnds(in: &replacement, from: start)
            replacement.append("\n\n")
        }
    }

    /// The error of an `event: error`, whose data may be the error itself or hold it as `error`.
    private func reportedError(_ data: [UInt8], _ reader: JSONReader) -> GatewayError {
        data.withUnsafeBytes { text in
            let error = try? reader.read(text) { root in OpenAIFailure.embedded(root, in: text) }
            return error ?? OpenAIFailure.unusable("an error event that is not JSON")
        }
    }
}
