internal import Chat
internal import Classifier
internal import Core

extension DecisionTrace {
    /// Appends the trace as members of the `purser` object: `"requested":…` to `"candidates":[…]`, without braces around them.
    ///
    /// `requested` is a text, or a list when several names were given; `rule`, `model`, `experiment` and `arm` are left out when there is none.
    public func appendJSONMembers(to json: inout [UInt8]) {
        json.append("\"requested\":")
        if let name = requested.first, requested.count == 1 { json.appendJSONString(name) } else { Self.append(requested, to: &json) }
        Self.append("route", route, to: &json)
        Self.append("rule", rule, to: &json)
        Self.append("model", model, to: &json)
        Self.append("experiment", experiment, to: &json)
        Self.append("arm", arm, to: &json)
        Self.append("assigned_by", assignedBy, to: &json)
        json.append(",\"features\":{")
        appendFeatures(to: &json)
        json.append("},\"candidates\":[")
        for (position, candidate) in candidates.enumerated() {
            if position > 0 { json.append(UInt8(ascii: ",")) }
            candidate.appendJSON(to: &json)
        }
        json.append(UInt8(ascii: "]"))
    }

    private static func append(_ name: StaticString, _ text: String?, to json: inout [UInt8]) {
        guard let text else { return }
        json.append(",\"")
        json.append(name)
        json.append("\":")
        json.appendJSONString(text)
    }

    private static func append(_ texts: [String], to json: inout [UInt8]) {
        json.append(UInt8(ascii: "["))
        for (position, text) in texts.enumerated() {
            if position > 0 { json.append(UInt8(ascii: ",")) }
            json.appendJSONString(text)
        }
        json.append(UInt8(ascii: "]"))
    }
}

extension DecisionTrace.Candidate {
    fileprivate func appendJSON(to json: inout [UInt8]) {
        json.append("{\"model\":")
        json.appendJSONString(model)
        if let excludedBecause {
            json.append(",\"excluded_because\":")
            json.appendJSONString(excludedBecause)
        }
        if let estimatedCost {
            json.append(",\"estimated_cost\":")
            json.appendJSONNumber(estimatedCost)
        }
        json.append(UInt8(ascii: "}"))
    }
}

/// What the decision looked at.
extension DecisionTrace {
    private func appendFeatures(to json: inout [UInt8]) {
        if let classification {
            json.append("\"task\":")
            json.appendJSONString(classification.task.rawValue)
            json.append(",\"complexity\":")
            json.appendJSONString(classification.complexity.rawValue)
            json.append(",\"complexity_score\":")
            json.appendJSONNumber(classification.scoreInBillionths)
            json.append(",\"language\":")
            json.appendJSONString(classification.language)
            json.append(UInt8(ascii: ","))
        }
        json.append("\"input_tokens\":")
        json.appendJSONNumber(Int64(facts.inputTokens.estimate))
        let flags: [(StaticString, Bool)] = [
            ("tools", facts.hasTools), ("images", facts.hasImages), ("structured_output", facts.wantsStructuredOutput),
            ("stream", facts.stream),
        ]
        for (name, isSet) in flags {
            json.append(",\"")
            json.append(name)
            json.append(isSet ? "\":true" : "\":false")
        }
    }
}
