import Testing

@testable import Classifier

@Suite("Weight table") struct WeightTableTests {
    private func table(_ byte: (Int) -> Int8) throws -> (WeightTable, [Int8]) {
        let bytes = (0..<WeightTable.byteCount).map(byte)
        return (try bytes.withUnsafeBytes { try WeightTable(copying: $0) }, bytes)
    }

    /// The sums of the rows, column by column.
    private func plainSum(_ bytes: [Int8], _ rows: [UInt16]) -> [Int32] {
        (0..<WeightTable.columns).map { column in rows.reduce(0) { $0 + Int32(bytes[Int($1) * WeightTable.columns + column]) } }
    }

    private func sum(_ table: WeightTable, _ rows: [UInt16]) -> [Int32] {
        let sum = rows.withUnsafeBufferPointer { table.sum($0) }
        return sum.indices.map { sum[$0] }
    }

    @Test("any rows in any number", arguments: [0, 1, 2, 254, 255, 256, 510, 511, 3_000])
    func sums(count: Int) throws {
        var random = FixedRandom(state: UInt64(count))
        let (table, bytes) = try table { _ in Int8.random(in: -128...127, using: &random) }
        let rows = (0..<count).map { _ in UInt16.random(in: 0..<UInt16(FeatureSpace.rowCount), using: &random) }
        #expect(sum(table, rows) == plainSum(bytes, rows))
    }

    @Test(
        "the largest sums that bytes can have",
        arguments: [(-128, -128), (127, 127), (-128, 127), (127, -128), (0, -128), (-1, 0)] as [(Int8, Int8)])
    func extremes(even: Int8, odd: Int8) throws {
        let (table, bytes) = try table { $0 % 2 == 0 ? even : odd }
        for count in [254, 255, 256, 2_000] {
            let rows = (0..<count).map { UInt16($0) }
            #expect(sum(table, rows) == plainSum(bytes, rows))
        }
    }
}
