/// One header field, as it was sent: the name in the client's letters, the value without the blanks around it.
public struct HTTPField: Sendable {
    /// A token; compare it without regard to ASCII case.
    public let name: ArraySlice<UInt8>
    /// Visible bytes, spaces, tabs and bytes from 0x80; not necessarily UTF-8.
    public let value: ArraySlice<UInt8>
}

/// The fields of one head, in order of arrival: the head's own bytes and the offsets of names and values in them.
///
/// Looking a field up costs no allocation. Names are given in lower case.
public struct HTTPFieldList: Sendable {
    let bytes: [UInt8]
    private let offsets: [FieldOffsets]
    /// Bit n is set when some name is n bytes long (63: or longer): most names that are looked for are not there, and this says so at once.
    private let nameLengths: UInt64

    init(bytes: [UInt8], offsets: [FieldOffsets], nameLengths: UInt64) {
        self.bytes = bytes
        self.offsets = offsets
        self.nameLengths = nameLengths
    }

    /// The value of the first field called `name`.
    public func first(_ name: StaticString) -> ArraySlice<UInt8>? {
        guard mayHold(nameLength: name.utf8CodeUnitCount) else { return nil }
        let span = bytes.span
        for field in offsets where span.equalsIgnoringCase(name, in: field.name) { return bytes[field.value.range] }
        return nil
    }

    /// The value of the first field called `name`, a name that is known only at run time; any letter case.
    public func first(named name: String) -> ArraySlice<UInt8>? {
        let wanted = name.utf8
        guard mayHold(nameLength: wanted.count) else { return nil }
        return offsets.first { field in
            field.name.count == wanted.count
                && bytes[field.name.range].elementsEqual(wanted) { ByteClass.lowercased($0) == ByteClass.lowercased($1) }
        }.map { bytes[$0.value.range] }
    }

    /// The value of the first field called `name` as text; bytes that are not UTF-8 become U+FFFD.
    public func string(_ name: StaticString) -> String? {
        first(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The number of fields called `name`: code that trusts a field must check that there is just one.
    public func count(of name: StaticString) -> Int {
        guard mayHold(nameLength: name.utf8CodeUnitCount) else { return 0 }
        let span = bytes.span
        var count = 0
        for field in offsets where span.equalsIgnoringCase(name, in: field.name) { count += 1 }
        return count
    }

    private func mayHold(nameLength: Int) -> Bool {
        nameLengths & Self.lengthBit(nameLength) != 0
    }

    static func lengthBit(_ nameLength: Int) -> UInt64 { 1 &<< UInt64(Swift.min(nameLength, 63)) }
}

extension HTTPFieldList: RandomAccessCollection {
    /// Always 0.
    public var startIndex: Int { 0 }
    /// How many fields there are.
    public var endIndex: Int { offsets.count }

    /// The field at `index`, in order of arrival; traps when there is none, as an array does.
    public subscript(index: Int) -> HTTPField {
        let field = offsets[index]
        return HTTPField(name: bytes[field.name.range], value: bytes[field.value.range])
    }
}

/// Where one field stands in its head.
struct FieldOffsets: Sendable {
    let name: ByteRange
    let value: ByteRange
}
