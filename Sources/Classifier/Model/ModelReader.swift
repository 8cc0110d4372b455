/// Reads numbers from bytes with bounds checks.
struct ModelReader {
    private var rest: UnsafeRawBufferPointer
    /// The name of the part, for errors.
    private let part: String

    init(_ bytes: UnsafeRawBufferPointer, part: String) {
        rest = bytes
        self.part = part
    }

    var isAtEnd: Bool { rest.isEmpty }
    var count: Int { rest.count }

    mutating func bytes(_ count: Int) throws(ClassifierModelError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= rest.count else { throw .cut(part) }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }

    private mutating func integer<I: FixedWidthInteger>(_: I.Type) throws(ClassifierModelError) -> I {
        I(littleEndian: try bytes(MemoryLayout<I>.size).loadUnaligned(as: I.self))
    }

    mutating func uint16() throws(ClassifierModelError) -> UInt16 { try integer(UInt16.self) }
    mutating func uint32() throws(ClassifierModelError) -> UInt32 { try integer(UInt32.self) }
    mutating func uint64() throws(ClassifierModelError) -> UInt64 { try integer(UInt64.self) }

    /// A finite number of moderate size: with such weights no sum overflows.
    mutating func float() throws(ClassifierModelError) -> Float {
        let value = Float(bitPattern: try uint32())
        guard value.magnitude <= 1e6 else { throw ClassifierModelError("its \(part) holds a number out of range") }
        return value
    }

    mutating func floats(_ count: Int) throws(ClassifierModelError) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(min(count, rest.count / 4))
        for _ in 0..<count { values.append(try float()) }
        return values
    }
}
