internal import CSimdJSON

/// Parses JSON texts strictly: RFC 8259, valid UTF-8, no byte order mark, no duplicate members, at most 128 levels and 4,300 digits per
/// number. The whole text is validated, including values that are never read.
///
/// One reader serves one thread, typically one event loop, and reuses its memory from text to text.
public final class JSONReader {
    /// Bytes of spare capacity that an array must have behind its last element to be read without a copy.
    public static let padding = Int(CSJ_PADDING)

    /// After a text larger than this, in bytes, the reader frees its memory.
    private static let keptCapacity = 1 << 20

    /// Most values (objects, arrays, texts, numbers …) that a text may have.
    private let mostValues: Int
    private let parser: OpaquePointer?
    private var isReading = false

    /// Makes a reader. It allocates memory with the first text.
    /// - Parameter mostValues: objects, arrays, texts, numbers and so on that one text may have, wherever they stand: a value takes time, however
    ///   few bytes it has.
    public init(mostValues: Int = .max) {
        self.mostValues = mostValues
        parser = csj_parser_create()
    }

    deinit { csj_parser_destroy(parser) }

    /// Parses `text` and passes its root to `body`. The root and everything reached through it is valid only until `body` returns.
    ///
    /// `reserveCapacity(count + JSONReader.padding)` before filling the array saves copying it.
    /// - Throws: `invalid_request_error` saying what is wrong with the text, or what `body` throws.
    /// - Precondition: not called from within `body`.
    public func read<R>(_ text: [UInt8], _ body: (JSONValue) throws(GatewayError) -> R) throws(GatewayError) -> R {
        let isPadded = text.capacity - text.count >= Self.padding
        // An explicit result, because `withUnsafeBytes` of an array rethrows untyped.
        return try text.withUnsafeBytes { (bytes) -> Result<R, GatewayError> in
            Result { () throws(GatewayError) -> R in try read(bytes, isPadded: isPadded, body) }
        }.get()
    }

    /// Reads the text that lies at `text`.
    /// - Parameter isPadded: whether `JSONReader.padding` bytes behind the text may be read; without them it is copied first.
    /// - Throws: as `read(_:_:)`.
    public func read<R>(
        _ text: UnsafeRawBufferPointer, isPadded: Bool = false, _ body: (JSONValue) throws(GatewayError) -> R
    ) throws(GatewayError) -> R {
        precondition(!isReading, "a JSON reader reads one text at a time")
        guard let parser else { throw Self.error(CSJ_NO_MEMORY) }
        isReading = true
        defer {
            isReading = false
            if text.count > Self.keptCapacity { csj_parser_shrink(parser, Self.keptCapacity) }
        }
        let status = csj_parser_parse(parser, text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count, isPadded, mostValues)
        guard status == CSJ_OK else { throw failure(status, of: parser) }
        return try body(JSONValue(document: csj_parser_document(parser), index: 1))
    }

    private func failure(_ status: csj_status, of parser: OpaquePointer) -> GatewayError {
        if status == CSJ_TOO_MANY_VALUES {
            return GatewayError(.bodyTooLarge, "The JSON text has more than \(mostValues) values (--max-json-values).")
        }
        var error = Self.error(status)
        if status == CSJ_DUPLICATE_MEMBER {
            let name = JSONValue(document: csj_parser_document(parser), index: csj_parser_duplicate(parser)).string ?? ""
            error.param = name.utf8.count <= 64 ? name : nil
        }
        return error
    }

    private static func error(_ status: csj_status) -> GatewayError {
        switch status {
        case CSJ_NO_MEMORY: GatewayError(.overloaded, "There is not enough memory to read the JSON text.", source: .gateway)
        case CSJ_TOO_LARGE: GatewayError(.bodyTooLarge, "The JSON text is too large.")
        default: GatewayError(.invalidRequest, "Not valid JSON: \(reason(status)).")
        }
    }

    private static func reason(_ status: csj_status) -> String {
        switch status {
        case CSJ_EMPTY: "there is no text"
        case CSJ_UTF8: "it is not valid UTF-8"
        case CSJ_BYTE_ORDER_MARK: "it begins with a byte order mark"
        case CSJ_TOO_DEEP: "it is nested deeper than \(CSJ_MAX_DEPTH) levels"
        case CSJ_DUPLICATE_MEMBER: "an object has two members of the same name"
        case CSJ_NUMBER_TOO_LONG: "a number has more than \(CSJ_MAX_NUMBER_DIGITS) digits"
        default: "syntax error"
        }
    }
}
