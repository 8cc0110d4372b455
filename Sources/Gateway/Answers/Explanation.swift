internal import Chat
internal import Core
internal import Execution
internal import Policies

/// The explanation of a request: the list of attempts in errors, and the `purser` object of `x-purser-explain`.
extension ReservedRequest {
    /// Every attempt, as a JSON list of `{model, role, status, ms, cost_usd}`; one that was passed over has `status: skipped` and a
    /// `reason`.
    var attemptsJSON: [UInt8] {
        var json: [UInt8] = []
        json.append("[")
        for (index, attempt) in run.attempts.enumerated() {
            if index > 0 { json.append(",") }
            attempt.append(to: &json)
        }
        json.append("]")
        return json
    }

    /// The `purser` object: the decision, the attempts and what they cost.
    var explanation: [UInt8] {
        decided.trace.explanation(of: incoming.requestID, attempts: attemptsJSON, budget: budgetJSON, cost: run.cost)
    }

    /// The error with its attempts and its explanation.
    func explained(_ error: GatewayError) -> GatewayError {
        var error = error
        if error.source == .upstream || run.attempts.count > 1 { error.attempts = attemptsJSON }
        if incoming.wantsExplanation { error.explanation = explanation }
        return error
    }
}

extension DecisionTrace {
    /// The `purser` object of a request.
    func explanation(of requestID: String, attempts: [UInt8] = Array("[]".utf8), budget: [UInt8] = Array("[]".utf8), cost: NanoUSD = .zero)
        -> [UInt8]
    {
        var json: [UInt8] = []
        json.append("{\"request_id\":")
        json.appendJSONString(requestID)
        json.append(",")
        appendJSONMembers(to: &json)
        json.append(",\"attempts\":")
        json.append(contentsOf: attempts)
        json.append(",\"budget\":")
        json.append(contentsOf: budget)
        json.append(",\"cost_usd\":")
        json.appendJSONNumber(cost)
        json.append("}")
        return json
    }
}

extension Attempt {
    fileprivate func append(to json: inout [UInt8]) {
        json.append("{\"model\":")
        json.appendJSONString(model.name)
        json.append(",\"role\":")
        json.appendJSONString(role.rawValue)
        if let outcome {
            json.append(",\"status\":")
            json.appendJSONString("\(outcome.status)")
            if let code = outcome.errorCode {
                json.append(",\"error\":")
                json.appendJSONString(code)
            }
            json.append(",\"ms\":")
            json.appendJSONNumber(outcome.latencyMicroseconds / 1_000)
            json.append(",\"cost_usd\":")
            json.appendJSONNumber(outcome.cost)
        } else {
            json.append(",\"status\":\"skipped\",\"reason\":")
            json.appendJSONString(skippedBecause)
        }
        json.append("}")
    }
}
