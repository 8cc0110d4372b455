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

    /// Uses the rows in place.
    /// - Parameter bytes: exactly `byteCount` bytes at a multiple of 16 that outlive everything.
    init(permanent bytes: UnsafeRawBufferPointer) throws(ClassifierModelError) {
        guard bytes.count == Self.byteCount, let start = bytes.baseAddress, Int(bitPattern: start) & 15 == 0 else { throw .cut("table") }
        rows = start.assumingMemoryBound(to: Row.self)
        isOwned = false
    }

    deinit { if isOwned { rows.deallocate() } }

    /// All bytes.
    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: rows, count: Self.byteCount)) }

    /// The sum of some rows. Integers, so that the order does not matter.
    func sum(_ indices: UnsafeBufferPointer<UInt16>) -> SIMD16<Int32> {
        var sum = SIMD16<Int32>.zero
        var start = 0
        while start < indices.count {
            let end = min(indices.count, start + Self.partLength)
            sum &+= partSum(UnsafeBufferPointer(rebasing: indices[start..<end]))
            start = end
        }
        return sum
    }

    /// The sum of at most `partLength` rows.
    ///
    /// One lane of 16 bits holds two columns, the first in the low byte. That byte is made unsigned (plus 128), so that the sums of whole
    /// lanes and of high bytes give the sums of both columns: cheaper than widening every byte.
    @inline(__always)
    private func partSum(_ indices: UnsafeBufferPointer<UInt16>) -> SIMD16<Int32> {
        var lanes = SIMD8<UInt16>.zero
        var highBytes = SIMD8<Int16>.zero
        for index in indices {
            let row = unsafeBitCast(rows[Int(index) & (FeatureSpace.rowCount - 1)], to: SIMD8<UInt16>.self) ^ 0x80
            lanes &+= row
            highBytes &+= unsafeBitCast(row, to: SIMD8<Int16>.self) &>> 8
        }
        let lowBytes = lanes &- unsafeBitCast(highBytes, to: SIMD8<UInt16>.self) &<< 8
        var sum = SIMD16<Int32>.zero
        sum.evenHalf = SIMD8<Int32>(truncatingIfNeeded: lowBytes) &- Int32(128 * indices.count)
        sum.oddHalf = SIMD8<Int32>(truncatingIfNeeded: highBytes)
        return sum
    }

    /// The most bytes whose sum cannot overflow 16 bits.
    private static let partLength = 255
}
