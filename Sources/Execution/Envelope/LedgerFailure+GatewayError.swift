public import Chat
public import Ledger

extension LedgerFailure {
    /// The error for the client: the gateway makes no paid call that it cannot record.
    public var gatewayError: GatewayError {
        GatewayError(
            .storageUnavailable, "The usage ledger cannot be written at the moment; please retry later.", source: .gateway,
            retry: .after(.seconds(1)), detail: description)
    }
}
