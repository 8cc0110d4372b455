extension FittedLayer {
    /// The section's content.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian([builtInWeight])
        bytes.appendLittleEndian(UInt32(expert.column))
        bytes.appendLittleEndian([expert.bias])
        bytes.appendLittleEndian(UInt32(expert.terms.count))
        for term in expert.terms {
            bytes.appendLittleEndian(UInt32(term.number))
            bytes.appendLittleEndian([term.lowest, term.highest, term.weight])
        }
        bytes.appendLittleEndian(UInt32(curve.scores.count))
        bytes.appendLittleEndian(curve.scores)
        bytes.appendLittleEndian(curve.shares)
        return bytes
    }
}

extension ColumnScales {
    /// The section's content.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for values in gains + [units, biases] { bytes.appendLittleEndian(values.indices.map { values[$0] }) }
        bytes.appendLittleEndian([system.textTaskShare, system.otherShare])
        return bytes
    }
}
