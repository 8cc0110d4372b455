public import Chat
internal import Ledger
public import Limits

extension LeaseSource {
    /// Leases more of shared limits, or finds that no more is available: the next reservation then reports that.
    /// - Throws: `storage_unavailable` while the shared ledger is away and the policy says so.
    public nonisolated(nonsending) func obtain(_ needs: [LeaseNeed]) async throws(GatewayError) {
        guard await lease(needs) == .away else { return }
        throw LedgerFailure.storageUnavailable(
            cause: "the shared ledger cannot be reached, and this gateway's slice of a limit is used up", kept: false
        ).gatewayError
    }
}
