internal import EventLoop
internal import Glibc
internal import Synchronization
internal import Upstream

/// A client of the admin listener of a running gateway, for commands.
public enum AdminClient {
    /// The listener's response.
    public struct Answer: Sendable {
        /// The HTTP status.
        public let status: Int
        /// The body.
        public let body: [UInt8]
    }

    /// Why there is no response.
    public struct Failure: Error, CustomStringConvertible {
        /// The reason, without the key.
        public let description: String
        /// Whether nothing was sent because no listener with that protocol could be reached.
        public let isUnreachable: Bool
        /// Whether nothing was sent because the listener's certificate is not trusted or has another name.
        public let isUntrusted: Bool
    }

    /// Posts `body` and waits for the response.
    /// - Parameters:
    ///   - url: of the endpoint, with scheme, host and port.
    ///   - key: the admin key.
    ///   - caFile: a PEM file with the authority that signed the listener's certificate; `nil`: the system's.
    public static func post(_ url: String, key: String, caFile: String?, body: String) throws(Failure) -> Answer {
        let group: LoopGroup
        do throws(SystemError) { group = try LoopGroup(count: 1) } catch {
            throw Failure(description: "\(error)", isUnreachable: false, isUntrusted: false)
        }
        let loop = group.loops[0]
        let endpoint = UpstreamEndpoint(
            url: url, headers: ["Content-Type: application/json", "Authorization: Bearer \(key)", "User-Agent: purser", "Expect:"],
            caFile: caFile, proxy: "", allowsHTTP2: false, timeouts: UpstreamTimeouts(total: .seconds(60)))
        let result = AnswerBox()
        loop.execute {
            let client = UpstreamClient(loop: loop)
            _ = loop.spawn {
                let answer = await send(body, to: endpoint, client)
                result.value.withLock { $0 = answer }
            }
        }
        while true {
            if let result = result.value.withLock({ $0 }) { return try result.get() }
            usleep(2_000)
        }
    }

    private static func send(_ body: String, to endpoint: UpstreamEndpoint, _ client: UpstreamClient) async -> Result<Answer, Failure> {
        do throws(UpstreamFailure) {
            let transfer = try client.send(UpstreamRequest(.post, body: .whole(Array(body.utf8))), to: endpoint)
            let status = try await transfer.head().status
            var answer: [UInt8] = []
            var piece: [UInt8] = []
            while try await transfer.nextBytes(&piece) { answer += piece }
            transfer.release()
            return .success(Answer(status: Int(status), body: answer))
        } catch {
            let isUnreachable =
                switch error {
                case .unreachable, .cut: true;
                default: false
                }
            let isUntrusted = if case .untrusted = error { true } else { false }
            return .failure(Failure(description: "\(error)", isUnreachable: isUnreachable, isUntrusted: isUntrusted))
        }
    }
}

/// Passes a response from the loop to the waiting thread.
private final class AnswerBox: Sendable {
    let value = Mutex<Result<AdminClient.Answer, AdminClient.Failure>?>(nil)
}
