internal import Core

/// What the verification of a ledger found.
public struct AuditReport: Sendable {
    /// Something that is not as it was written.
    public struct Finding: Hashable, Sendable {
        /// What kind of thing is wrong.
        public enum Kind: String, Sendable {
            /// A record does not follow the one before it: it, or its neighbour, was changed, moved, removed or put in.
            case chain
            /// A record cannot be read.
            case record
            /// Two records of one call.
            case duplicate
            /// A cost is not the usage at the price that the record names.
            case cost
            /// A sum from which limits continue differs from that of the records.
            case sum
            /// A hold that should have ended, or a refund of something else than was charged.
            case hold
        }

        /// What kind of thing is wrong.
        public let kind: Kind
        /// The number of the record in the table `usage_record`.
        public let record: Int64?
        /// The call of the record, or the id of the hold.
        public let callID: String?
        /// What was found, and what should have been.
        public let detail: String
    }

    /// Records that were read.
    public package(set) var records: Int64 = 0
    /// Records whose cost was recomputed. (Others are corrections, or have prices of another form.)
    public package(set) var checkedCosts: Int64 = 0
    /// Sums that were compared.
    public package(set) var sums: Int64 = 0
    /// Holds that are stored as open.
    public package(set) var openHolds: Int64 = 0
    /// The end of the chain, 64 hexadecimal digits: noted elsewhere, it proves later that nothing before it was changed.
    public package(set) var head = ""
    /// The first thousand things that are wrong.
    public private(set) var findings: [Finding] = []
    /// All things that are wrong.
    public private(set) var findingCount: Int64 = 0

    package init() {}

    private static let limit = 1_000

    /// Whether everything adds up.
    public var isSound: Bool { findingCount == 0 }

    package mutating func add(_ kind: Finding.Kind, _ record: Int64? = nil, _ callID: String? = nil, _ detail: String) {
        findingCount += 1
        if findings.count < Self.limit { findings.append(Finding(kind: kind, record: record, callID: callID, detail: detail)) }
    }

    /// One JSON object.
    public var json: String {
        let findings = findings.map { finding in
            "{\"kind\":\"\(finding.kind.rawValue)\",\"record\":\(finding.record.map { String($0) } ?? "null"),"
                + "\"call_id\":\(finding.callID.map(JSONText.string) ?? "null"),\"detail\":\(JSONText.string(finding.detail))}"
        }
        return "{\"ok\":\(isSound),\"records\":\(records),\"checked_costs\":\(checkedCosts),\"sums\":\(sums),\"open_holds\":\(openHolds),"
            + "\"head\":\"\(head)\",\"findings_total\":\(findingCount),\"findings\":[\(findings.joined(separator: ","))]}\n"
    }

    /// Lines for people.
    public var text: String {
        var lines = findings.map { finding in
            let place = [finding.record.map { "record \($0)" }, finding.callID.map { "call \($0)" }].compactMap(\.self).joined(
                separator: ", ")
            return UsageTable.printable("\(finding.kind.rawValue): \(place.isEmpty ? "" : place + ": ")\(finding.detail)")
        }
        if findingCount > Int64(findings.count) { lines.append("… and \(findingCount - Int64(findings.count)) more") }
        lines.append("\(records) records, \(checkedCosts) costs, \(sums) sums, \(openHolds) open holds; the chain ends with \(head)")
        lines.append(isSound ? "everything adds up" : "\(findingCount) things do not add up")
        return lines.joined(separator: "\n") + "\n"
    }
}
