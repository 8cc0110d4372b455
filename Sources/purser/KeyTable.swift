internal import Core
internal import Ledger

/// `purser keys list` as people read it.
enum KeyTable {
    /// One line per key, in aligned columns.
    static func text(_ keys: [KeyListing], now: WallTime) -> String {
        let rows = [["ID", "TEAM", "NAME", "MODELS", "CREATED", "EXPIRES", "STATE"]] + keys.map { row($0, now) }
        let widths = (0..<7).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: max(0, width - cell.count)) }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }

    private static func row(_ key: KeyListing, _ now: WallTime) -> [String] {
        let state = key.revoked != nil ? "revoked" : key.grant.isExpired(at: now) ? "expired" : "active"
        return [
            key.grant.id, key.grant.team, key.grant.name ?? "-", key.grant.models?.joined(separator: ",") ?? "all", key.created.rfc3339,
            key.grant.expires?.rfc3339 ?? "never", state,
        ]
    }
}
