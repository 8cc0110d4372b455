internal import Chat
internal import Core
internal import HTTPServer
internal import Ledger
internal import Limits

extension AdminHandler {
    /// `GET /admin/v1/budgets`: the state of every limit; with `?scope=acme` those of `acme` and of everything below it.
    func listBudgets(_ call: AdminCall) async throws(GatewayError) {
        let scope = try Self.scope(call.exchange.head.query)
        let body = await gateway.budgets.list { BudgetList.json($0, below: scope) }
        call.answer(200, body)
    }

    /// The value of `scope` in a query.
    /// - Throws: `invalid_request_error` for anything else in it.
    private static func scope(_ query: ArraySlice<UInt8>?) throws(GatewayError) -> String? {
        var scope: String?
        for part in String(decoding: query ?? [], as: UTF8.self).split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.first == "scope", sides.count == 2, scope == nil, let value = PercentCoding.decode(sides[1]), !value.isEmpty else {
                throw GatewayError(.invalidRequest, "The query may be ?scope=ORGANIZATION/TEAM only.", param: "scope")
            }
            scope = value
        }
        return scope
    }
}

/// The limits as JSON.
private enum BudgetList {
    static func json(_ states: [LimitState], below scope: String?) -> [UInt8] {
        var json: [UInt8] = []
        json.append("{\"object\":\"list\",\"data\":[")
        var isFirst = true
        for state in BudgetReport.worthTelling(states) where scope.map({ isBelow($0, state.identity.scope.path) }) ?? true {
            if !isFirst { json.append(",") }
            isFirst = false
            // The fields of `purser budgets`, and those that only a running gateway knows.
            json.append(contentsOf: BudgetReport.json(state).utf8.dropLast())
            json.append(",\"waiting\":")
            json.appendJSONNumber(Int64(state.waiting))
            json.append("}")
        }
        json.append("]}")
        return json
    }

    private static func isBelow(_ scope: String, _ path: String) -> Bool { path == scope || path.hasPrefix(scope + "/") }
}
