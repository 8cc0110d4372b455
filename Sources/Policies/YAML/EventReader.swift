internal import CYaml

/// A syntax error in a document.
struct YAMLFault: Error {
    enum Position {
        case place(line: Int, column: Int)
        case byte(Int)
    }

    let message: String
    let position: Position

    init(_ message: String, line: Int, column: Int) {
        self.message = message
        position = .place(line: line, column: column)
    }

    init(_ message: String, byte: Int) {
        self.message = message
        position = .byte(byte)
    }
}

/// One step of libyaml's parser, with C types left behind.
struct YAMLEvent {
    enum Kind {
        case streamEnd
        case documentStart
        case documentEnd
        case alias
        case scalar(Scalar)
        case listStart
        case listEnd
        case mappingStart
        case mappingEnd
        /// Nothing that carries content: the beginning of the stream.
        case other
    }

    let kind: Kind
    let hasAnchor: Bool
    let hasTag: Bool
    let start: (line: Int, column: Int)
    let end: (line: Int, column: Int)
}

/// The events of a YAML text, from libyaml (which the Yams package carries).
///
/// Yams's own composer follows aliases and gives duplicate keys one position only; policies refuse the first before anything is
/// followed and report both positions of the second, so the tree is built from the events themselves.
final class EventReader {
    /// On the heap, because libyaml keeps a pointer to the parser inside the parser. Owned: deleted and freed in `deinit`.
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// `bytes` must be UTF-8 and outlive the reader.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    func next() throws(YAMLFault) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw fault() }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(event)
    }

    /// The error in libyaml's words. They name syntax only, never a part of the text.
    private func fault() -> YAMLFault {
        var problem = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
        // The most likely reason; the library does not name one.
        if problem.hasPrefix("found character that cannot start any token") { problem += " (a tab? YAML is indented with spaces)" }
        guard parser.pointee.error != YAML_READER_ERROR else {
            return YAMLFault("not valid YAML: \(problem)", byte: Int(clamping: parser.pointee.problem_offset))
        }
        let context = parser.pointee.context.map { " " + String(cString: $0) } ?? ""
        let hint = context.contains("alias") ? "; put a pattern that begins with * in quotes" : ""
        let mark = parser.pointee.problem_mark
        return YAMLFault(
            "not valid YAML: \(problem)\(context)\(hint)", line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
}

extension YAMLEvent {
    fileprivate init(_ event: yaml_event_t) {
        start = (Int(clamping: event.start_mark.line) + 1, Int(clamping: event.start_mark.column) + 1)
        end = (Int(clamping: event.end_mark.line) + 1, Int(clamping: event.end_mark.column) + 1)
        switch event.type {
        case YAML_STREAM_END_EVENT: (kind, hasAnchor, hasTag) = (.streamEnd, false, false)
        case YAML_DOCUMENT_START_EVENT: (kind, hasAnchor, hasTag) = (.documentStart, false, false)
        case YAML_DOCUMENT_END_EVENT: (kind, hasAnchor, hasTag) = (.documentEnd, false, false)
        case YAML_ALIAS_EVENT: (kind, hasAnchor, hasTag) = (.alias, false, false)
        case YAML_SEQUENCE_END_EVENT: (kind, hasAnchor, hasTag) = (.listEnd, false, false)
        case YAML_MAPPING_END_EVENT: (kind, hasAnchor, hasTag) = (.mappingEnd, false, false)
        case YAML_SEQUENCE_START_EVENT:
            let list = event.data.sequence_start
            (kind, hasAnchor, hasTag) = (.listStart, list.anchor != nil, list.tag != nil)
        case YAML_MAPPING_START_EVENT:
            let mapping = event.data.mapping_start
            (kind, hasAnchor, hasTag) = (.mappingStart, mapping.anchor != nil, mapping.tag != nil)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            // libyaml's value is `length` bytes that it owns until the event is deleted; copied here.
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            (kind, hasAnchor, hasTag) = (.scalar(Scalar(text: text, isPlain: isPlain)), scalar.anchor != nil, scalar.tag != nil)
        default: (kind, hasAnchor, hasTag) = (.other, false, false)
        }
    }
}
