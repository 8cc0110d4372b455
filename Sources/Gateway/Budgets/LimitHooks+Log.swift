internal import Chat
internal import Ledger
public import Limits
public import Logging

extension LimitHooks {
    /// Sends alerts of limits to `alerts`, and logs programming errors.
    public init(_ log: Logger, _ alerts: AlertSender) {
        self.init {
            alerts.send($0)
        } misuse: { misuse in
            log.error("a hold was not ended as it should be", metadata: ["what": "\(misuse)"])
        }
    }
}
