internal import Chat
public import Ledger
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
