internal import Chat
internal import Ledger

extension LimitState {
    /// Appends the state as a JSON object, the same wherever a limit is shown. Money is a decimal text in USD, everything else a number.
    func appendJSON(to json: inout [UInt8]) {
        json.append("{\"scope\":")
        json.appendJSONString("\(identity.scope)")
        json.append(",\"kind\":")
        json.appendJSONString(identity.kind.name)
        json.append(",\"period\":")
        json.appendJSONString(identity.period?.name)
        json.append(",\"soft\":")
        json.append(identity.soft ? "true" : "false")
        append("limit", limit, to: &json)
        append("spent", spent, to: &json)
        append("in_doubt", inDoubt, to: &json)
        append("held", held, to: &json)
        append("left", left, to: &json)
        json.append(",\"resets\":")
        json.appendJSONString(resets?.rfc3339)
        json.append("}")
    }

    private func append(_ name: StaticString, _ units: Int64, to json: inout [UInt8]) {
        json.append(",\"")
        json.append(name)
        json.append("\":")
        if identity.kind == .usd { json.appendJSONString(NanoUSD(nanos: units).decimalString) } else { json.appendJSONNumber(units) }
    }
}
