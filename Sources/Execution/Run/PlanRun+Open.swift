internal import Chat
internal import Policies

/// The interpreter: one switch, one file for each strategy.
extension PlanRun {
    /// Carries out a node until an answer has begun: a stream with its first events, anything else with the whole answer.
    /// - Throws: the failure of the last call when none could answer.
    func open(_ node: Node) async throws(GatewayError) -> StartedAnswer {
        switch node.plan {
        case .call(let call): try await self.call(call, node)
        case .firstOf(let plans): try await firstOf(plans, node)
        case .race(let plans, let delay): try await race(plans, after: delay, node)
        case .tools(let plan, let use): try await tools(plan, use, node)
        }
    }

    /// Carries out a node to the end of its answer, for the gateway's own use.
    func capture(_ node: Node) async throws(GatewayError) -> CapturedAnswer {
        let question = node.question
        let asked =
            question.request.facts.stream
            ? try question.request.edited(RequestEdit(streams: false), reader: executor.reader) : question.request
        let captured = Node(
            plan: node.plan, question: Question(asked, as: .captured, allowance: question.allowance, parent: question.parent),
            role: node.role, mayRetry: node.mayRetry)
        guard case .captured(let answer)? = try await open(captured).whole else {
            throw GatewayError(.internalError, "An answer was not captured.", source: .gateway)
        }
        return answer
    }
}
