internal import Chat
internal import Glibc

/// Server-sent events as providers send them.
struct SSEFraming: EventFraming {
    private var finder = SSEEventFinder()
    /// Offset of the event that is being looked for.
    private var eventStart = 0
    private var isAtStart = true

    static let terminator: StaticString = "\n\n"

    mutating func willSearch(_ added: UnsafeRawBufferPointer) { finder.willSearch(added) }

    mutating func next(in buffer: UnsafeRawBufferPointer) throws(GatewayError) -> FramedEvent? {
        guard let found = finder.next(in: buffer) else { return nil }
        let block = UnsafeRawBufferPointer(rebasing: buffer[eventStart..<found.end])
        eventStart = found.end
        var event = FramedEvent(name: UnsafeRawBufferPointer(start: nil, count: 0), payload: nil, end: found.end)
        if found.lineCount == 1 { return event }
        var lines = SSELines(rest: isAtStart ? block.withoutByteOrderMark : block)
        isAtStart = false
        var data: UnsafeRawBufferPointer?
        var joined: [UInt8]?
        while let line = lines.next() {
            if let value = line.value(of: "event") { event.name = value }
            guard let value = line.value(of: "data") else { continue }
            // Several lines are one text, in place: there may be very many.
            if let data, joined == nil { joined = Array(data) }
            joined?.append(0x0A)
            joined?.append(contentsOf: value)
            data = data ?? value
        }
        event.payload = joined.map { .joined($0) } ?? data.flatMap { $0.isEmpty ? nil : .inPlace($0) }
        event.isError = event.name.elementsEqual("error".utf8)
        return event
    }

    mutating func didConsume(_ count: Int) {
        finder.didConsume(count)
        eventStart -= count
    }
}

/// The lines of an event without their ends.
private struct SSELines: IteratorProtocol {
    var rest: UnsafeRawBufferPointer

    mutating func next() -> UnsafeRawBufferPointer? {
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex { $0 == 0x0A || $0 == 0x0D } ?? rest.count
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<end])
    }
}

extension UnsafeRawBufferPointer {
    /// The value of an event's line when it is of the field `name`.
    fileprivate func value(of name: StaticString) -> UnsafeRawBufferPointer? {
        let length = name.utf8CodeUnitCount
        guard count > length, self[length] == UInt8(ascii: ":"), let base = baseAddress, memcmp(base, name.utf8Start, length) == 0 else {
            return nil
        }
        let start = length + 1 < count && self[length + 1] == 0x20 ? length + 2 : length + 1
        return UnsafeRawBufferPointer(rebasing: self[start...])
    }

    fileprivate var withoutByteOrderMark: UnsafeRawBufferPointer {
        starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeRawBufferPointer(rebasing: self[3...]) : self
    }
}
