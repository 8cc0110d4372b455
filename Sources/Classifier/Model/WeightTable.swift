/// 2^15 rows of 16 signed bytes, in memory that lives as long as this object.
final class WeightTable: Sendable {
    typealias Row = SIMD16<Int8>
    static let columns = 16
    static let byteCount = FeatureSpace.rowCount * columns

    private nonisolated(unsafe) let rows: UnsafePointer<Row>
    private let isOwned: Bool

    /// Copies the rows.
    /// - Parameter bytes: exactly `byteCount` of them.
    init(copying bytes: UnsafeRawBufferPointer) throws(ClassifierModelError) {
        guard bytes.count == Self.byteCount else { throw .cut("table") }
        let copy = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 64)
        UnsafeMutableRawBufferPointer(start: copy, count: Self.byteCount).copyMemory(from: bytes)
        rows = UnsafePointer(copy.bindMemory(to: Row.self, capacity: FeatureSpace.rowCount))
        isOwned = true
    }

    /// Uses the rows where they lie.
    /// - Parameter bytes: exactly `byteCount` bytes at a multiple of 16 that outlive everything.
    init(permanent bytes: UnsafeRawBufferPointer) throws(ClassifierModelError) {
        guard bytes.count == Self.byteCount, let start = bytes.baseAddress, Int(bitPattern: start) & 15 == 0 else { throw .cut("table") }
        rows = start.assumingMemoryBound(to: Row.self)
        isOwned = false
    }

    deinit { if isOwned { rows.deallocate() } }

    /// All bytes.
    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: rows, count: Self.byteCount)) }

    /// The sum of some rows. Whole numbers, so that the order does not matter.
    func sum(_ indices: Slice<UnsafeBufferPointer<UInt16>>) -> SIMD16<Int32> {
        var sum = SIMD16<Int32>.zero
        var part = SIMD16<Int16>.zero
        var left = Self.partLength
        for index in indices {
            part &+= SIMD16<Int16>(truncatingIfNeeded: rows[Int(index) & (FeatureSpace.rowCount - 1)])
            left -= 1
            if left == 0 {
                sum &+= SIMD16<Int32>(truncatingIfNeeded: part)
                part = .zero
                left = Self.partLength
            }
        }
        return sum &+ SIMD16<Int32>(truncatingIfNeeded: part)
    }

    /// So many bytes cannot overflow 16 bits.
    private static let partLength = 255
}
