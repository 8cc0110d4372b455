internal import Chat

/// AWS's binary event streams, `application/vnd.amazon.eventstream`.
///
/// A message is: its length, the length of its headers, the CRC-32 of these eight bytes, the headers, the payload, and the CRC-32 of all before;
/// numbers are 32 bits wide, the highest byte first.
struct EventStreamFraming: EventFraming {
    /// Offset of the message that is being looked for.
    private var start = 0

    static let terminator: StaticString = ""
    private static let preludeLength = 12
    private static let checksumLength = 4

    mutating func willSearch(_ added: UnsafeRawBufferPointer) {}

    mutating func next(in buffer: UnsafeRawBufferPointer) throws(GatewayError) -> FramedEvent? {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[min(start, buffer.count)...])
        guard rest.count >= Self.preludeLength else { return nil }
        guard CRC32.of(rest.part(0, 8)) == rest.number(at: 8) else {
            throw OpenAIFailure.unusable("the checksum of a stream event's prelude is wrong")
        }
        let (length, headerLength) = (Int(rest.number(at: 0)), Int(rest.number(at: 4)))
        guard length <= OpenAIStream.longestEvent, length >= Self.preludeLength + Self.checksumLength + headerLength else {
            throw OpenAIFailure.unusable("a stream event says it is \(length) bytes long, \(headerLength) of them headers")
        }
        guard rest.count >= length else { return nil }
        let payloadEnd = length - Self.checksumLength
        guard CRC32.of(rest.part(0, payloadEnd)) == rest.number(at: payloadEnd) else {
            throw OpenAIFailure.unusable("the checksum of a stream event is wrong")
        }
        start += length
        let payloadStart = Self.preludeLength + headerLength
        var event = FramedEvent(name: rest.part(0, 0), payload: nil, end: start)
        if payloadStart < payloadEnd { event.payload = .inPlace(rest.part(payloadStart, payloadEnd)) }
        try Self.read(rest.part(Self.preludeLength, payloadStart), into: &event)
        return event
    }

    mutating func didConsume(_ count: Int) { start -= count }

    /// Takes the event's name and kind from its headers.
    private static func read(_ headers: UnsafeRawBufferPointer, into event: inout FramedEvent) throws(GatewayError) {
        var headers = EventStreamHeaders(rest: headers)
        while let (name, value) = try headers.next() {
            if name.elementsEqual(":event-type".utf8) || name.elementsEqual(":exception-type".utf8)
                || name.elementsEqual(":error-code".utf8)
            {
                event.name = value
            } else if name.elementsEqual(":message-type".utf8) {
                event.isError = !value.elementsEqual("event".utf8)
            }
        }
    }
}

/// The headers of a message, one after another: length and text of the name, the type of the value, the value.
private struct EventStreamHeaders {
    var rest: UnsafeRawBufferPointer

    mutating func next() throws(GatewayError) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        guard !rest.isEmpty else { return nil }
        let name = try take(Int(try take(1)[0]))
        return (name, try take(try valueLength(of: try take(1)[0])))
    }

    private mutating func valueLength(of type: UInt8) throws(GatewayError) -> Int {
        switch type {
        case 0, 1: return 0
        case 2: return 1
        case 3: return 2
        case 4: return 4
        case 5, 8: return 8
        case 6, 7:
            let length = try take(2)
            return Int(length[0]) << 8 | Int(length[1])
        case 9: return 16
        default: throw Self.malformed
        }
    }

    private mutating func take(_ count: Int) throws(GatewayError) -> UnsafeRawBufferPointer {
        guard count <= rest.count else { throw Self.malformed }
        defer { rest = rest.part(count, rest.count) }
        return rest.part(0, count)
    }

    private static var malformed: GatewayError { OpenAIFailure.unusable("the headers of a stream event are malformed") }
}

extension UnsafeRawBufferPointer {
    fileprivate func part(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[start..<end]) }

    fileprivate func number(at offset: Int) -> UInt32 { UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
}
