/// Removes the chunked framing (RFC 9112, section 7.1). Extensions and trailer fields are checked, counted and dropped:
/// trailer fields merged into a head are a way around every check of that head.
///
/// One state per place in the grammar, one step per byte; only chunk data, which is nearly all of it, moves in bulk.
struct ChunkedDecoder: Sendable {
    private enum State: Sendable {
        case firstSizeDigit, sizeDigit, sizeExtension, sizeLineFeed
        case data, dataReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed
        case lastLineFeed, done
    }

    /// 15 digits are less than 2^60, so sizes and their sum with a body cannot overflow.
    private static let mostSizeDigits = 15

    private let limits: HTTPLimits
    private var state = State.firstSizeDigit
    /// While its line is read, the chunk's size; then what is left of its data.
    private var size = 0
    private var sizeDigits = 0
    private var bodyBytes = 0
    private var extensionBytes = 0
    private var trailerBytes = 0

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Whether the body's last byte has been consumed.
    var isDone: Bool { state == .done }

    /// Appends the chunk data in `input` to `body`.
    ///
    /// - Returns: How many bytes were consumed: all, unless the body ended before.
    mutating func decode(_ input: Span<UInt8>, into body: inout [UInt8]) throws(HTTPViolation) -> Int {
        var index = 0
        while index < input.count, state != .done {
            guard state == .data else {
                try step(input[index])
                index += 1
                continue
            }
            let taken = min(size, input.count - index)
            body.append(input, index..<index + taken)
            index += taken
            size -= taken
            if size == 0 { state = .dataReturn }
        }
        return index
    }

    private mutating func step(_ byte: UInt8) throws(HTTPViolation) {
        switch state {
        case .firstSizeDigit, .sizeDigit, .sizeExtension, .sizeLineFeed: try stepInSizeLine(byte)
        case .data, .done: break
        case .dataReturn: try expect(byte, ByteClass.carriageReturn, then: .dataLineFeed, else: .malformedChunkEnd)
        case .dataLineFeed:
            try expect(byte, ByteClass.lineFeed, then: .firstSizeDigit, else: .malformedChunkEnd)
            size = 0
            sizeDigits = 0
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed: try stepInTrailers(byte)
        case .lastLineFeed: try expect(byte, ByteClass.lineFeed, then: .done, else: .malformedTrailer)
        }
    }

    private mutating func expect(_ byte: UInt8, _ wanted: UInt8, then next: State, else violation: HTTPViolation) throws(HTTPViolation) {
        guard byte == wanted else { throw violation }
        state = next
    }
}

// MARK: - Size line

extension ChunkedDecoder {
    private mutating func stepInSizeLine(_ byte: UInt8) throws(HTTPViolation) {
        if state == .sizeLineFeed {
            try expect(byte, ByteClass.lineFeed, then: size == 0 ? .trailerStart : .data, else: .malformedChunkSize)
        } else if state == .sizeExtension {
            try stepInExtension(byte)
        } else if let digit = ByteClass.hexValue(byte) {
            guard sizeDigits < Self.mostSizeDigits else { throw .malformedChunkSize }
            size = size << 4 | digit
            sizeDigits += 1
            state = .sizeDigit
        } else {
            guard state == .sizeDigit else { throw .malformedChunkSize }
            try endSize(at: byte)
        }
    }

    private mutating func endSize(at byte: UInt8) throws(HTTPViolation) {
        switch byte {
        case ByteClass.carriageReturn: state = .sizeLineFeed
        case UInt8(ascii: ";"): state = .sizeExtension
        default: throw .malformedChunkSize
        }
        guard size <= limits.body - bodyBytes else { throw .bodyTooLarge }
        bodyBytes += size
    }

    private mutating func stepInExtension(_ byte: UInt8) throws(HTTPViolation) {
        if byte == ByteClass.carriageReturn {
            state = .sizeLineFeed
            return
        }
        guard ByteClass.isPrintable(byte) else { throw .malformedChunkExtension }
        extensionBytes += 1
        guard extensionBytes <= limits.chunkExtensions else { throw .chunkExtensionsTooLarge }
    }
}

// MARK: - Trailers

extension ChunkedDecoder {
    private mutating func stepInTrailers(_ byte: UInt8) throws(HTTPViolation) {
        if state == .trailerStart, byte == ByteClass.carriageReturn {
            state = .lastLineFeed
            return
        }
        trailerBytes += 1
        guard trailerBytes <= limits.trailers else { throw .trailersTooLarge }
        switch state {
        case .trailerStart:
            guard ByteClass.isToken(byte) else { throw .malformedTrailer }
            state = .trailerName
        case .trailerName where byte == UInt8(ascii: ":"): state = .trailerValue
        case .trailerName:
            guard ByteClass.isToken(byte) else { throw .malformedTrailer }
        case .trailerValue where byte == ByteClass.carriageReturn: state = .trailerLineFeed
        case .trailerValue:
            guard ByteClass.isFieldContent(byte) else { throw .malformedTrailer }
        default:
            try expect(byte, ByteClass.lineFeed, then: .trailerStart, else: .malformedTrailer)
        }
    }
}
