internal import Chat
internal import Policies

/// Fallback: one after the other, until one begins to answer.
extension PlanRun {
    func firstOf(_ plans: [Plan], _ node: Node) async throws(GatewayError) -> StartedAnswer {
        var failure: GatewayError?
        for (index, plan) in plans.enumerated() {
            do throws(GatewayError) {
                let isLast = node.mayRetry && index == plans.count - 1
                return try await open(node.with(plan, as: index == 0 ? node.role : .fallback, mayRetry: isLast))
            } catch {
                guard error.retry != .never else { throw error }
                failure = Self.moreInformative(failure, error)
            }
        }
        throw failure ?? Self.nothingToCall
    }
}
