internal import Chat
internal import Core
public import EventLoop
internal import Ledger
public import Limits
public import Logging
internal import Synchronization
internal import Upstream

/// Sends the alerts of limits: each as a line in the log, and to the webhook if the limit has one.
///
/// Webhooks are posted on one loop. Of the response only the status is read. At most 256 alerts wait or are under way; more are dropped and
/// counted.
public final class AlertSender: Sendable {
    private struct Queue {
        var alerts: [WebhookAlert] = []
        /// Alerts that are being posted.
        var underWay = 0
        /// Alerts dropped since the last line in the log about them.
        var dropped = 0
    }

    /// Timeout and pauses of attempts at a webhook.
    struct Patience: Sendable {
        /// The timeout of one attempt, from connecting to the end of the response.
        var deadline = Duration.seconds(5)
        /// The pauses before the second and the third attempt.
        var pauses = [Duration.seconds(1), .seconds(4)]
    }

    private static let capacity = 256
    /// The most alerts that are posted at once, so that a dead receiver does not delay others.
    private static let mostUnderWay = 16

    private let loop: EventLoop
    private let log: Logger
    private let patience: Patience
    private let queue = Mutex(Queue())
    private let client: UpstreamClient

    /// Makes a sender that posts on `loop`.
    public convenience init(loop: EventLoop, log: Logger) { self.init(loop: loop, log: log, patience: Patience()) }

    init(loop: EventLoop, log: Logger, patience: Patience) {
        self.loop = loop
        self.log = log
        self.patience = patience
        client = UpstreamClient(loop: loop, maxConnections: Self.mostUnderWay)
    }

    /// Logs `alert` and queues it for its webhook; safe from any thread, does not wait.
    public func send(_ alert: LimitAlert) {
        log.warning("limit reached", metadata: alert.metadata)
        guard let webhook = alert.webhook else { return }
        guard let target = WebhookTarget(webhook) else {
            return log.error("a webhook is neither https nor http on this machine, nothing was posted", metadata: alert.metadata)
        }
        let post = WebhookAlert(target: target, body: alert.json(at: .now), metadata: alert.metadata)
        let begins = queue.withLock { queue -> Bool in
            guard queue.alerts.count + queue.underWay < Self.capacity else {
                queue.dropped += 1
                return false
            }
            queue.alerts.append(post)
            guard queue.underWay < Self.mostUnderWay else { return false }
            queue.underWay += 1
            return true
        }
        if begins { loop.spawn { await self.work() } }
    }

    /// Posts waiting alerts one after the other until none is left.
    private func work() async {
        while let alert = next() {
            await post(alert)
            // Every alert has an endpoint of its own, so its kept connections cannot be reused.
            client.keep(endpoints: [])
            reportDropped()
        }
    }

    private func next() -> WebhookAlert? {
        queue.withLock { queue in
            guard !queue.alerts.isEmpty else {
                queue.underWay -= 1
                return nil
            }
            return queue.alerts.removeFirst()
        }
    }

    private func reportDropped() {
        let dropped = queue.withLock { queue in
            defer { queue.dropped = 0 }
            return queue.dropped
        }
        if dropped > 0 {
            log.error("too many alerts wait for their webhooks, further ones were not posted", metadata: ["dropped": "\(dropped)"])
        }
    }

    // MARK: One alert

    private func post(_ alert: WebhookAlert) async {
        let endpoint = alert.endpoint(deadline: patience.deadline)
        for attempt in 1...(patience.pauses.count + 1) {
            guard let failure = await failure(of: alert, endpoint) else { return }
            var metadata = alert.metadata
            metadata["webhook"] = "\(alert.target.origin)"
            metadata["attempt"] = "\(attempt)"
            metadata["reason"] = "\(failure)"
            guard attempt <= patience.pauses.count else {
                return log.error("a webhook could not be told, given up", metadata: metadata)
            }
            log.warning("a webhook could not be told, trying again", metadata: metadata)
            await loop.sleep(until: MonotonicTime.now() + patience.pauses[attempt - 1])
        }
    }

    /// Makes one attempt. Returns why it failed; `nil`: it succeeded.
    private func failure(of alert: WebhookAlert, _ endpoint: UpstreamEndpoint) async -> String? {
        do throws(UpstreamFailure) {
            let transfer = try client.send(UpstreamRequest(.post, body: .whole(alert.body)), to: endpoint)
            let status = try await transfer.head().status
            transfer.release()
            return (200...299).contains(status) ? nil : "status \(status)"
        } catch {
            return "\(error)"
        }
    }
}

/// An alert on its way to a webhook.
private struct WebhookAlert: Sendable {
    let target: WebhookTarget
    let body: [UInt8]
    let metadata: Logger.Metadata

    func endpoint(deadline: Duration) -> UpstreamEndpoint {
        var limits = UpstreamLimits()
        limits.headBytes = 16 * 1024
        limits.bodyBytes = 64 * 1024
        return UpstreamEndpoint(
            url: target.url, headers: ["Content-Type: application/json", "User-Agent: purser", "Expect:"],
            proxy: target.isLoopback ? "" : nil,
            timeouts: UpstreamTimeouts(connect: deadline, firstByte: deadline, idle: deadline, total: deadline), limits: limits)
    }
}

extension LimitAlert {
    /// What happened, as logs and webhooks name it.
    fileprivate var eventName: String {
        switch event {
        case .softReached: "soft_limit_reached"
        case .refused: "hard_limit_refused"
        }
    }

    fileprivate var metadata: Logger.Metadata {
        [
            "event": "\(eventName)", "scope": "\(state.identity.scope)", "kind": "\(state.identity.kind.name)",
            "period": "\(state.identity.period?.name ?? "-")", "limit": "\(text(state.limit))", "spent": "\(text(state.spent))",
            "left": "\(text(state.left))", "resets": "\(state.resets?.rfc3339 ?? "never")",
        ]
    }

    /// An amount of the limit's kind: `12.5` for money, else a whole number.
    private func text(_ units: Int64) -> String { state.identity.kind == .usd ? NanoUSD(nanos: units).decimalString : String(units) }

    /// The body of the webhook's request.
    fileprivate func json(at now: WallTime) -> [UInt8] {
        var json: [UInt8] = []
        json.append("{\"event\":")
        json.appendJSONString(eventName)
        json.append(",\"time\":")
        json.appendJSONString(now.rfc3339)
        json.append(",")
        // The limit as `purser budgets` and the admin API show it.
        json.append(contentsOf: BudgetReport.json(state).utf8.dropFirst())
        return json
    }
}
