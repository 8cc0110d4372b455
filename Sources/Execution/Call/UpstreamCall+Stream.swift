internal import Chat
internal import EventLoop
internal import Providers
internal import Upstream

/// Reading a stream.
extension UpstreamCall {
    /// Waits until the provider has begun a stream and its first content is there; before that nothing need be said to the client.
    /// - Parameter output: receives what to forward.
    /// - Returns: false when the stream is complete already.
    func open(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        do throws(GatewayError) {
            let head = try await acceptedHead()
            guard context.api.streams(as: head.contentType) else { throw try await notStreamed(head.contentType) }
            beginStream()
            while output.isEmpty { guard try await advance(&output) else { return false } }
            return true
        } catch {
            // Content that arrived together with the fault is forwarded: it is the commit point, and the fault is reported after it.
            guard stream?.progress ?? 0 > 0, !output.isEmpty, error.code != .clientClosedRequest else { throw failed(error) }
            deferredFailure = error
            return true
        }
    }

    // Whole events, never the final `[DONE]`.
    func next(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        do throws(GatewayError) {
            if let deferredFailure { throw deferredFailure }
            guard try await advance(&output) else { return false }
        } catch { throw failed(error) }
        guard let codeOfExcess, exceedsItsBound else { return true }
        cut(&output, because: GatewayError(codeOfExcess, "The provider sent more than it was allowed to.", source: .upstream))
        return false
    }

    /// Whether the provider has sent more output than it was allowed to, whatever that means to it: then no bound covers what comes.
    private var exceedsItsBound: Bool { leastOutputSoFar > cost.planned.allOutput }

    @inline(never)
    private func beginStream() {
        stream = ProviderStream(context, as: form, pricing: cost.pricing)
        transfer.countOnlyProgress()
    }

    /// Reads what came instead of a stream: an error gives its cause, a whole answer its usage.
    private func notStreamed(_ contentType: String) async throws(GatewayError) -> GatewayError {
        guard contentType.hasSuffix("json") else { return Self.notAStream }
        let body = try await wholeBody()
        do throws(GatewayError) {
            refusedUsage = try ProviderAnswer.read(body: body, context: context, reader: reader).usage
            return Self.notAStream
        } catch { return error.publicMessage == ProviderFailure.unusableMessage ? Self.notAStream : error }
    }

    private func advance(_ output: inout [UInt8]) async throws(GatewayError) -> Bool {
        do throws(GatewayError) { guard try await receive() else { return try atEnd(&output) } } catch {
            // A connection that breaks after the whole answer does not affect the answer.
            guard stream?.isWhole == true, error.code != .clientClosedRequest else { throw error }
            return try atEnd(&output)
        }
        return try passOn(&output)
    }

    @inline(never)
    private func atEnd(_ output: inout [UInt8]) throws(GatewayError) -> Bool {
        switch stream?.end(reader: reader, into: &output) {
        case .complete: return complete(&output)
        case .failed(let error): throw error
        case .truncated, nil: throw Self.truncated
        }
    }

    @inline(never)
    private func passOn(_ output: inout [UInt8]) throws(GatewayError) -> Bool {
        // A buffer that was large once need not stay large while the client reads.
        let progress = stream?.progress
        silentBytes += received.count
        defer {
            received.removeAll(keepingCapacity: received.capacity <= Self.keptCapacity)
            if stream?.progress != progress { noteProgress() }
        }
        switch stream?.feed(received, reader: reader, into: &output) {
        case .open:
            guard silentBytes > Self.longestSilence, stream?.progress == progress else { return true }
            // After a whole answer no more bytes are needed.
            guard stream?.isWhole == true else { throw Self.emptyStream }
            return try atEnd(&output)
        case .failed(let error): throw error
        case .done: return complete(&output)
        case nil: throw Self.truncated
        }
    }

    private func noteProgress() {
        transfer.madeProgress()
        silentBytes = 0
        if firstContentTime == nil { firstContentTime = .now() }
    }

    /// Bytes that an emptied buffer of a stream keeps.
    private static let keptCapacity = 8 * 1024

    private func complete(_ output: inout [UInt8]) -> Bool {
        transfer.release()
        isWhole = true
        settle(stream?.usage, atLeast: stream?.reportedAtLeast)
        end(.success(firstByteMicroseconds: outcome.firstTokenMicroseconds))
        if stream?.lacksUsage == true { stream?.appendUsage(outcome.usage, to: &output) }
        return false
    }

    func appendMember(_ name: StaticString, _ json: [UInt8], to output: inout [UInt8]) {
        stream?.appendMember(name, json, to: &output)
    }

    /// Cuts a stream short, because no more of it can be paid: as a regular end, with `finish_reason` `length`.
    private func cut(_ output: inout [UInt8], because reason: GatewayError) {
        transfer.cancel()
        outcome.status = .cut
        outcome.errorCode = reason.code.name
        settleUnfinished()
        end(.none)
        stream?.appendLength(to: &output)
        if context.wantsUsageChunk { stream?.appendUsage(outcome.usage, to: &output) }
    }
}
