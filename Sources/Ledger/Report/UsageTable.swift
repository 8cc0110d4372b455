internal import Core

/// Sums as aligned columns for people.
enum UsageTable {
    static func text(_ totals: [UsageTotal], _ groups: [UsageGrouping]) -> String {
        var sum = UsageTotal(group: groups.map { _ in nil })
        for total in totals { sum.add(total) }
        // Calls without a price make the cost too low; the column appears only when there is something to say.
        let showsUnpriced = sum.unpriced > 0
        let showsDoubt = sum.inDoubt > .zero
        let head =
            groups.map(\.name) + ["calls", "failed"] + (showsUnpriced ? ["unpriced"] : []) + ["input", "cached", "output"]
            + (showsDoubt ? ["in doubt", "USD"] : ["USD"])
        var rows = totals.map { $0.group.map { printable($0 ?? "-") } + cells($0, showsUnpriced, showsDoubt) }
        if !groups.isEmpty {
            rows.append(["total"] + groups.dropFirst().map { _ in "" } + cells(sum, showsUnpriced, showsDoubt))
        }
        alignPoints(&rows)
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        var lines = ([head] + rows).map { line($0, widths, leading: groups.count) }
        lines.insert(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "), at: 1)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func cells(_ total: UsageTotal, _ showsUnpriced: Bool, _ showsDoubt: Bool) -> [String] {
        [grouped(total.calls), grouped(total.failed)] + (showsUnpriced ? [grouped(total.unpriced)] : [])
            + [grouped(total.tokens.input), grouped(total.tokens.cachedInput), grouped(total.tokens.output)]
            + (showsDoubt ? [total.inDoubt.decimalString] : []) + [total.cost.decimalString]
    }

    /// A row of cells, the first `leading` of them flush left.
    static func line(_ cells: [String], _ widths: [Int], leading: Int) -> String {
        var text = ""
        for (index, (cell, width)) in zip(cells, widths).enumerated() {
            let space = String(repeating: " ", count: width - cell.count)
            if index > 0 { text += "  " }
            text += index < leading ? cell + space : space + cell
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// Fills the last column up on the right, so that its decimal points stand in one line.
    private static func alignPoints(_ rows: inout [[String]]) {
        let fraction = { (text: String) in text.firstIndex(of: ".").map { text.distance(from: $0, to: text.endIndex) } ?? 0 }
        let longest = rows.map { fraction($0[$0.count - 1]) }.max() ?? 0
        for index in rows.indices {
            let last = rows[index].count - 1
            rows[index][last] += String(repeating: " ", count: longest - fraction(rows[index][last]))
        }
    }

    /// With a comma between thousands.
    static func grouped(_ number: Int64) -> String {
        var text = ""
        for (index, digit) in String(number.magnitude).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + String(text.reversed())
    }

    /// Without control characters: names come from clients and must neither drive the terminal nor turn the order of what stands beside them.
    static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { drivesTerminal($0) ? "\u{FFFD}" : $0 }))
    }

    private static func drivesTerminal(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: scalar.properties.isBidiControl
        }
    }
}
