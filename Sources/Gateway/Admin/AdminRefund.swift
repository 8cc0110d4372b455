internal import Chat
internal import Core
internal import Execution
internal import Ledger
internal import Limits
internal import Logging

extension AdminHandler {
    /// `POST /admin/v1/ledger/refund` with `{"id", "note"}`: refunds an amount in doubt, in the ledger first and then in the limits.
    func refund(_ call: AdminCall) async throws(GatewayError) {
        let order = try reader.read(try await call.body()) { (root) throws(GatewayError) in try RefundRequest(root) }
        let record: UsageRecord
        do throws(LedgerFailure) { record = try await gateway.ledger.refund(order.id, note: order.note) } catch {
            if case .invalid(let message) = error { throw GatewayError(.notRefundable, message, param: "id") }
            throw error.gatewayError
        }
        gateway.budgets.tree.refund(record)
        gateway.log.notice(
            "refunded",
            metadata: ["request_id": "\(record.requestID)", "call_id": "\(record.callID)", "usd": "\(record.refunded.decimalString)"])
        call.answer(200, record.refundJSON)
    }
}

/// The body of a refund.
private struct RefundRequest {
    let id: String
    let note: String?

    /// - Throws: `invalid_request_error` naming the member that is wrong.
    init(_ root: JSONValue) throws(GatewayError) {
        guard root.kind == .object else {
            throw GatewayError(.invalidRequest, "The body must be a JSON object: {\"id\": \"…\", \"note\": \"…\"}.")
        }
        var id: String?
        var note: String?
        for (name, value) in root.members {
            if name.isString("id") {
                id = value.string
            } else if name.isString("note") {
                note = try Self.note(value)
            } else {
                throw GatewayError(
                    .invalidRequest, "The body takes \"id\" and \"note\" only.", param: name.string.map { String($0.prefix(64)) })
            }
        }
        guard let id, (1...256).contains(id.utf8.count) else {
            throw GatewayError(
                .invalidRequest, "\"id\" must be the request, or the call that `purser ledger list --in-doubt` shows.", param: "id")
        }
        self.id = id
        self.note = note
    }

    private static func note(_ value: JSONValue) throws(GatewayError) -> String? {
        if value.isNull { return nil }
        guard let text = value.string, text.utf8.count <= 1_000 else {
            throw GatewayError(.invalidRequest, "\"note\" must be a text of at most 1,000 bytes.", param: "note")
        }
        return text
    }
}

extension GatewayError.Code {
    /// 409: nothing is in doubt under this id, or it was refunded already.
    fileprivate static let notRefundable = Self("not_refundable", 409, "invalid_request_error")
}

extension UsageRecord {
    /// The amount that this record, a refund, has given back.
    fileprivate var refunded: NanoUSD { NanoUSD.zero - cost }

    fileprivate var refundedTokens: Int64 { Int64(clamping: tokens.input.magnitude) }

    fileprivate var refundJSON: [UInt8] {
        var json: [UInt8] = []
        json.append("{\"id\":")
        json.appendJSONString(callID)
        json.append(",\"request_id\":")
        json.appendJSONString(requestID)
        json.append(",\"usd\":")
        json.appendJSONString(refunded.decimalString)
        json.append(",\"tokens\":")
        json.appendJSONNumber(refundedTokens)
        json.append("}")
        return json
    }
}

extension LimitTree {
    /// Applies `record`, a refund, to the limits. The request itself stays counted, because it was made.
    fileprivate func refund(_ record: UsageRecord) {
        guard let path = record.team ?? record.organization else { return }
        let amount = Spending(usd: record.refunded, tokens: record.refundedTokens)
        let past = PastSpending(
            RequestScopes(team: path, key: record.keyID, user: record.user), model: record.model ?? record.requestedModel,
            time: record.time,
            amount: amount, isInDoubt: true)
        organization(of: path).refund(past, at: .now)
    }
}
