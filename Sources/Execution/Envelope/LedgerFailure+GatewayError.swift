public import Chat
public import Ledger

extension LedgerFailure {
    /// What a client is told: the gateway sells nothing that it cannot record.
    public var gatewayError: GatewayError {
        GatewayError(
            .storageUnavailable, "The usage ledger cannot be written at the moment; please retry later.", source: .gateway,
            retry: .after(.seconds(1)), detail: description)
    }
}
