internal import Chat
internal import Ledger

extension LimitState {
    /// The limit as admin API and webhooks show it, beginning with the members that name it: money as decimal strings in USD, so that no reader
    /// rounds it, all else as integers.
    func appendNamingMembers(to json: inout [UInt8]) {
        json.append("\"scope\":")
        json.appendJSONString(identity.scope.path)
        json.append(",\"key\":")
        json.appendJSONString(identity.scope.key)
        json.append(",\"user\":")
        json.appendJSONString(identity.scope.user)
        json.append(",\"kind\":")
        json.appendJSONString(identity.kind.name)
        json.append(",\"period\":")
        json.appendJSONString(identity.period?.name)
        json.append(",\"models\":")
        appendModels(to: &json)
        json.append(identity.soft ? ",\"soft\":true" : ",\"soft\":false")
    }

    /// How the limit stands, each member with a comma in front.
    func appendAmountMembers(to json: inout [UInt8]) {
        for (name, units) in [("limit", limit), ("spent", spent), ("in_doubt", inDoubt), ("held", held), ("elsewhere", elsewhere), ("left", left)] {
            json.append(",")
            json.appendJSONString(name)
            json.append(":")
            append(units, to: &json)
        }
        json.append(",\"since\":")
        json.appendJSONString(since?.rfc3339)
        json.append(",\"resets\":")
        json.appendJSONString(resets?.rfc3339)
        json.append(",\"waiting\":")
        json.appendJSONNumber(Int64(waiting))
    }

    /// An amount of the limit's kind for the log: `12.5` for money, else a whole number.
    func text(_ units: Int64) -> String { identity.kind == .usd ? NanoUSD(nanos: units).decimalString : String(units) }

    private func append(_ units: Int64, to json: inout [UInt8]) {
        if identity.kind == .usd { json.appendJSONString(text(units)) } else { json.appendJSONNumber(units) }
    }

    private func appendModels(to json: inout [UInt8]) {
        guard let patterns = identity.models?.patterns else { return json.append("null") }
        for (index, pattern) in patterns.enumerated() {
            json.append(index == 0 ? "[" : ",")
            json.appendJSONString(pattern)
        }
        json.append("]")
    }
}
