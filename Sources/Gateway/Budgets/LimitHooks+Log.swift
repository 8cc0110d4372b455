internal import Chat
public import Ledger
public import Logging

extension LimitHooks {
    /// Tells of limits in the log.
    public init(_ log: Logger) {
        self.init { alert in
            log.warning(
                "a limit is reached",
                metadata: [
                    "event": "\(alert.event)", "scope": "\(alert.state.identity.scope)", "kind": "\(alert.state.identity.kind.name)",
                    "period": "\(alert.state.identity.period?.name ?? "")", "limit": "\(alert.state.limit)", "spent": "\(alert.state.spent)",
                ])
        } misuse: { misuse in
            log.error("a hold was not ended as it should be", metadata: ["what": "\(misuse)"])
        }
    }
}
