/// The layout of a model file, little endian:
///
///     0   "PURSERCM"
///     8   UInt16 version of the format, UInt16 version of the features
///     12  UInt32 size of the file in bytes
///     16  UInt64 checksum of everything from byte 24 on
///     24  8 zero bytes
///     32  sections: UInt32 name, UInt32 size of the content, 8 zero bytes, content, zeros up to a multiple of 16
enum ModelFile {
    static let magic: [UInt8] = Array("PURSERCM".utf8)
    static let formatVersion: UInt16 = 1
    static let headerSize = 32, sectionHeaderSize = 16, checkedFrom = 24
    /// The largest file in bytes; the shipped model has at most 1 MB.
    static let largestSize = 4 << 20

    /// Names of sections.
    enum Section: UInt32, CaseIterable {
        /// 2^15 rows of 16 signed bytes: nine task weights and seven complexity experts.
        case table = 0x4C42_4154
        /// The scales that convert the table's sums to scores.
        case scales = 0x4C41_4353
        /// The complexity score.
        case complexity = 0x504D_4F43
        /// The layer of `purser fit`; only in models that it made.
        case fitted = 0x5454_4946

        var name: String {
            switch self {
            case .table: "table"
            case .scales: "scales"
            case .complexity: "complexity section"
            case .fitted: "fitted section"
            }
        }
    }

    /// A checksum over eight bytes at a time. It detects damage; it is not a signature.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var offset = 0
        while offset + 8 <= bytes.count {
            hash = (hash ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
            offset += 8
        }
        for index in offset..<bytes.count { hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3 }
        return hash ^ hash >> 32
    }

    /// Checks the frame and returns the contents of the sections by name.
    static func sections(of file: UnsafeRawBufferPointer) throws(ClassifierModelError) -> [Section: UnsafeRawBufferPointer] {
        try checkHeader(file)
        var sections: [Section: UnsafeRawBufferPointer] = [:]
        var reader = ModelReader(UnsafeRawBufferPointer(rebasing: file[headerSize...]), part: "sections")
        while !reader.isAtEnd {
            let code = try reader.uint32()
            let size = try reader.uint32()
            _ = try reader.bytes(8)
            let content = try reader.bytes(Int(size))
            _ = try reader.bytes(min(reader.count, (16 - Int(size & 15)) & 15))
            guard let section = Section(rawValue: code) else {
                throw ClassifierModelError("it has a section that this version of Purser does not know")
            }
            guard sections.updateValue(content, forKey: section) == nil else {
                throw ClassifierModelError("it has two sections \"\(section.name)\"")
            }
        }
        return sections
    }

    private static func checkHeader(_ file: UnsafeRawBufferPointer) throws(ClassifierModelError) {
        var reader = ModelReader(file, part: "header")
        guard file.count <= largestSize else { throw ClassifierModelError("it is larger than \(largestSize >> 20) MB") }
        guard try reader.bytes(8).elementsEqual(magic) else {
            throw ClassifierModelError("it does not begin like a model file; give the file that `purser fit` wrote")
        }
        guard try reader.uint16() == formatVersion, try reader.uint16() == FeatureSpace.version else {
            throw ClassifierModelError("it was made for another version of Purser; make it anew with `purser fit`")
        }
        guard try reader.uint32() == file.count else {
            throw ClassifierModelError("its size is not the one it was written with; the file is cut short or has grown")
        }
        let sum = try reader.uint64()
        _ = try reader.bytes(8)
        guard sum == checksum(UnsafeRawBufferPointer(rebasing: file[checkedFrom...])) else {
            throw ClassifierModelError("its checksum does not fit; the file is damaged, make it anew with `purser fit`")
        }
    }

    /// Writes a file.
    static func write(_ sections: [(Section, [UInt8])]) -> [UInt8] {
        var body = [UInt8](repeating: 0, count: headerSize - checkedFrom)
        for (section, content) in sections {
            body.appendLittleEndian(section.rawValue)
            body.appendLittleEndian(UInt32(content.count))
            body.append(contentsOf: repeatElement(0, count: 8))
            body.append(contentsOf: content)
            body.append(contentsOf: repeatElement(0, count: (16 - content.count & 15) & 15))
        }
        var file = magic
        file.appendLittleEndian(formatVersion)
        file.appendLittleEndian(FeatureSpace.version)
        file.appendLittleEndian(UInt32(checkedFrom + body.count))
        file.appendLittleEndian(body.withUnsafeBytes { checksum($0) })
        return file + body
    }
}

extension [UInt8] {
    mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    mutating func appendLittleEndian(_ values: some Sequence<Float>) {
        for value in values { appendLittleEndian(value.bitPattern) }
    }
}
