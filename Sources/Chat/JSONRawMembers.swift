internal import CSimdJSON

/// A member of an object and its position in the text, so that the text can be edited in place.
public struct JSONRawMember {
    let document: UnsafePointer<csj_document>
    let place: csj_member

    /// The name, unescaped; a string value.
    public var name: JSONValue { JSONValue(document: document, index: place.name_tape) }
    /// The value.
    public var value: JSONValue { JSONValue(document: document, index: place.value_tape) }
    /// Offsets of the name with its quotes.
    public var nameRange: Range<Int> { place.name_start..<place.name_end }
    /// Offsets of the value without white space around it.
    public var valueRange: Range<Int> { place.value_start..<place.value_end }
    /// Offsets of the whole member, without a comma.
    public var range: Range<Int> { place.name_start..<place.value_end }

    /// The text of the value.
    public var valueText: UnsafeRawBufferPointer { document.text(valueRange) }

    /// The elements of the value, if it is an array.
    public var rawElements: JSONRawElements {
        JSONRawElements(document: document, tape: place.value_tape, token: place.value_token)
    }

    /// The members of the value, if it is an object.
    public var rawMembers: JSONRawMembers {
        JSONRawMembers(document: document, tape: place.value_tape, token: place.value_token)
    }

    /// The member of the value of that name.
    public subscript(name: StaticString) -> JSONRawMember? { rawMembers.first { $0.name.isString(name) } }
}

/// The members of an object in order, with their positions in the text.
public struct JSONRawMembers: Sequence, IteratorProtocol {
    let document: UnsafePointer<csj_document>
    private var place = csj_member()
    private var hasNext: Bool

    init(document: UnsafePointer<csj_document>, tape: Int, token: Int) {
        self.document = document
        hasNext = csj_first_member(document, tape, token, &place)
    }

    /// The next member.
    public mutating func next() -> JSONRawMember? {
        guard hasNext else { return nil }
        let member = JSONRawMember(document: document, place: place)
        hasNext = csj_next_member(document, &place)
        return member
    }
}

extension JSONValue {
    /// The members of the text's outermost object with their positions; `nil` when this is not the outermost value.
    public var rawMembers: JSONRawMembers? {
        index == 1 ? JSONRawMembers(document: document, tape: 1, token: 0) : nil
    }
}

/// An element of an array and its position in the text.
public struct JSONRawElement {
    let document: UnsafePointer<csj_document>
    let place: csj_element

    /// The value.
    public var value: JSONValue { JSONValue(document: document, index: place.value_tape) }
    /// The text of the value.
    public var text: UnsafeRawBufferPointer { document.text(place.value_start..<place.value_end) }

    /// The members of the value, if it is an object.
    public var rawMembers: JSONRawMembers { JSONRawMembers(document: document, tape: place.value_tape, token: place.value_token) }

    /// The member of that name.
    public subscript(name: StaticString) -> JSONRawMember? { rawMembers.first { $0.name.isString(name) } }
}

/// The elements of an array in order, with their positions in the text.
public struct JSONRawElements: Sequence, IteratorProtocol {
    let document: UnsafePointer<csj_document>
    private var place = csj_element()
    private var hasNext: Bool

    init(document: UnsafePointer<csj_document>, tape: Int, token: Int) {
        self.document = document
        hasNext = csj_first_element(document, tape, token, &place)
    }

    /// The next element.
    public mutating func next() -> JSONRawElement? {
        guard hasNext else { return nil }
        let element = JSONRawElement(document: document, place: place)
        hasNext = csj_next_element(document, &place)
        return element
    }
}

extension UnsafePointer<csj_document> {
    /// A part of the text.
    fileprivate func text(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(start: pointee.text, count: pointee.length)[range])
    }
}
