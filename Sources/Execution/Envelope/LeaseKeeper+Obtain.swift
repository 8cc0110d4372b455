public import Chat
public import Ledger

extension LeaseKeeper {
    /// Gets more of shared limits, or finds out that there is none: reserving again then tells.
    /// - Throws: `storage_unavailable` while the shared ledger is away and the policy says so.
    public nonisolated(nonsending) func obtain(_ needs: [LeaseNeed]) async throws(GatewayError) {
        if await lease(needs) == .away { throw refusal.gatewayError }
    }
}
