internal import CSimdJSON
internal import Glibc

/// A value in the text that a `JSONReader` holds; a borrowed reference, valid only inside the reader's closure.
public struct JSONValue {
    /// JSON's types.
    public enum Kind: Sendable { case object, array, string, number, bool, null }

    let document: UnsafePointer<csj_document>
    let index: Int

    var word: UInt64 { document.pointee.tape[index] }
    var tag: UInt8 { UInt8(truncatingIfNeeded: word >> 56) }

    /// The index behind the value on the tape.
    var nextIndex: Int {
        switch tag {
        case Tag.object, Tag.array: Int(UInt32(truncatingIfNeeded: word))
        case Tag.signed, Tag.unsigned, Tag.double: index + 2
        default: index + 1
        }
    }

    /// The type of the value.
    public var kind: Kind {
        switch tag {
        case Tag.object: .object
        case Tag.array: .array
        case Tag.string: .string
        case Tag.true, Tag.false: .bool
        case Tag.null: .null
        default: .number
        }
    }

    /// Whether it is `null`.
    public var isNull: Bool { tag == Tag.null }

    /// Whether it is an array or an object without any element.
    public var isEmptyContainer: Bool { (tag == Tag.array || tag == Tag.object) && nextIndex == index + 2 }

    /// The boolean; `nil` for other types.
    public var bool: Bool? {
        switch tag {
        case Tag.true: true
        case Tag.false: false
        default: nil
        }
    }

    /// The integer; `nil` for other types, for numbers written with a fraction or an exponent, and beyond 64 bits.
    public var int64: Int64? {
        guard tag == Tag.signed else { return nil }
        return Int64(bitPattern: document.pointee.tape[index + 1])
    }

    /// An integer above the range of `int64`; `nil` for everything else.
    var uint64: UInt64? { tag == Tag.unsigned ? document.pointee.tape[index + 1] : nil }

    /// The number, rounded to the nearest double; `nil` for other types. Numbers beyond a double's range, and integers beyond 64 bits,
    /// read as ±9e307.
    public var double: Double? {
        let payload = document.pointee.tape
        switch tag {
        case Tag.signed: return Double(Int64(bitPattern: payload[index + 1]))
        case Tag.unsigned: return Double(payload[index + 1])
        case Tag.double: return Double(bitPattern: payload[index + 1])
        default: return nil
        }
    }

    /// The unescaped string; `nil` for other types. Escaped lone surrogates become U+FFFD.
    public var string: String? {
        guard let bytes = stringBytes else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The unescaped string's UTF-8, valid as long as the value; `nil` for other types.
    public var stringBytes: UnsafeRawBufferPointer? {
        guard tag == Tag.string else { return nil }
        let start = UnsafeRawPointer(document.pointee.strings + Int(word & 0x00FF_FFFF_FFFF_FFFF))
        let count = Int(start.loadUnaligned(as: UInt32.self))
        return UnsafeRawBufferPointer(start: start + 4, count: count)
    }

    /// Passes the unescaped string's UTF-8 to `body`; `nil` for other types.
    public func withStringBytes<R>(_ body: (UnsafeRawBufferPointer) throws(GatewayError) -> R) throws(GatewayError) -> R? {
        guard let stringBytes else { return nil }
        return try body(stringBytes)
    }

    /// Whether it is the string `text`.
    public func isString(_ text: StaticString) -> Bool {
        guard let bytes = stringBytes, let start = bytes.baseAddress, bytes.count == text.utf8CodeUnitCount else { return false }
        return memcmp(start, text.utf8Start, bytes.count) == 0
    }

    /// The unescaped string as the name of a member; for other types a name that equals no other.
    public var name: JSONName { JSONName(stringBytes) }

    /// Whether any string of the whole text, name or value, is `text`. Linear in the length of the text.
    public func documentHoldsString(_ text: StaticString) -> Bool {
        csj_holds_string(document, text.utf8Start, text.utf8CodeUnitCount)
    }

    /// The member of that name; `nil` when there is none or it is not an object. Linear in the number of members.
    public subscript(name: StaticString) -> JSONValue? {
        for member in members where member.name.isString(name) { return member.value }
        return nil
    }

    /// The elements of an array in order; none for other types.
    public var elements: JSONElements {
        JSONElements(position: JSONValue(document: document, index: index + 1), end: tag == Tag.array ? nextIndex - 1 : 0)
    }

    /// The members of an object in order; none for other types.
    public var members: JSONMembers {
        JSONMembers(position: JSONValue(document: document, index: index + 1), end: tag == Tag.object ? nextIndex - 1 : 0)
    }

    /// The bytes by which simdjson names types on its tape.
    enum Tag {
        static let object = UInt8(ascii: "{"), array = UInt8(ascii: "["), string = UInt8(ascii: "\"")
        static let signed = UInt8(ascii: "l"), unsigned = UInt8(ascii: "u"), double = UInt8(ascii: "d")
        static let `true` = UInt8(ascii: "t"), `false` = UInt8(ascii: "f"), null = UInt8(ascii: "n")
    }
}

/// The name of a member, to be compared with many known ones (`switch member.name.name { case "usage": … }`). Valid as long as its value.
@frozen
public struct JSONName {
    @usableFromInline let bytes: UnsafeRawBufferPointer?

    init(_ bytes: UnsafeRawBufferPointer?) { self.bytes = bytes }

    /// Whether the name is `text`.
    @inlinable @inline(__always)
    public static func ~= (text: StaticString, name: JSONName) -> Bool {
        guard let bytes = name.bytes, bytes.count == text.utf8CodeUnitCount else { return false }
        let wanted = text.utf8Start
        for index in 0..<bytes.count where bytes[index] != wanted[index] { return false }
        return true
    }
}

/// The elements of an array.
public struct JSONElements: Sequence, IteratorProtocol {
    fileprivate var position: JSONValue
    let end: Int

    /// The next element.
    public mutating func next() -> JSONValue? {
        guard position.index < end else { return nil }
        defer { position = JSONValue(document: position.document, index: position.nextIndex) }
        return position
    }
}

/// The members of an object.
public struct JSONMembers: Sequence, IteratorProtocol {
    fileprivate var position: JSONValue
    let end: Int

    /// The next member; its name is a string value.
    public mutating func next() -> (name: JSONValue, value: JSONValue)? {
        guard position.index < end else { return nil }
        let name = position
        let value = JSONValue(document: name.document, index: name.index + 1)
        position = JSONValue(document: name.document, index: value.nextIndex)
        return (name, value)
    }
}
