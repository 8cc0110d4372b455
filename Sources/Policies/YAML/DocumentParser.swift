/// Builds the tree of one policy file, within the limits.
///
/// Anchors, aliases and tags are refused as soon as they are seen. Without aliases a tree is never larger than its text, so no small
/// file can grow into a large one.
struct DocumentParser {
    /// A key that stands twice in one mapping.
    struct Duplicate {
        let first: Place
        let second: Node.Entry
    }

    private let events: EventReader
    private let file: Int
    /// How many more nodes are allowed.
    private var nodesLeft: Int
    private(set) var duplicates: [Duplicate] = []

    /// Reads the only document of `source`.
    /// - Parameter nodesLeft: how many nodes it may have; lowered by those that it has.
    /// - Returns: the root, `nil` for a file without content; and the keys given twice, of which the tree holds the first.
    static func parse(_ source: SourceText, file: Int, nodesLeft: inout Int) throws(YAMLFault) -> (root: Node?, duplicates: [Duplicate]) {
        let bytes = EnvironmentMarks.hidden(in: source.bytes)
        // An inner result, because `withUnsafeBufferPointer` does not carry a typed error through.
        let result: Result<(Node?, DocumentParser), YAMLFault> = bytes.withUnsafeBufferPointer { buffer in
            var parser = DocumentParser(events: EventReader(buffer), file: file, nodesLeft: nodesLeft)
            do throws(YAMLFault) {
                let root = try parser.document()
                return .success((root, parser))
            } catch {
                return .failure(error)
            }
        }
        let (root, parser) = try result.get()
        nodesLeft = parser.nodesLeft
        return (root, parser.duplicates)
    }

    private init(events: EventReader, file: Int, nodesLeft: Int) {
        self.events = events
        self.file = file
        self.nodesLeft = nodesLeft
    }

    private mutating func document() throws(YAMLFault) -> Node? {
        var root: Node?
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return root
            case .documentStart:
                guard root == nil else { throw event.fault("a second document in one file; put it into a file of its own") }
                root = try node(from: events.next(), depth: 1)
            default: continue
            }
        }
    }

    private mutating func node(from event: YAMLEvent, depth: Int) throws(YAMLFault) -> Node {
        try admit(event, depth: depth)
        switch event.kind {
        case .scalar(let scalar):
            let text = EnvironmentMarks.shown(in: scalar.text)
            return Node(content: .scalar(Scalar(text: text, isPlain: scalar.isPlain)), start: place(event.start), end: place(event.end))
        case .listStart: return try list(from: event, depth: depth)
        case .mappingStart: return try mapping(from: event, depth: depth)
        default: throw event.fault("not valid YAML: a value was expected")
        }
    }

    /// Refuses anchors, aliases, tags and too deep nesting before a node is built.
    private mutating func admit(_ event: YAMLEvent, depth: Int) throws(YAMLFault) {
        if case .alias = event.kind {
            throw event.fault("YAML aliases (*name) are not supported; write the value out, or put a \"*\" in quotes")
        }
        if event.hasAnchor { throw event.fault("YAML anchors (&name) are not supported; write the value out where it is needed") }
        if event.hasTag { throw event.fault("YAML tags (!name) are not supported") }
        if depth > PolicyLimits.nesting { throw event.fault("nested deeper than \(PolicyLimits.nesting) levels") }
        nodesLeft -= 1
        if nodesLeft < 0 { throw event.fault("more than \(PolicyLimits.nodes) values in all policy files together") }
    }

    private mutating func list(from start: YAMLEvent, depth: Int) throws(YAMLFault) -> Node {
        var items: [Node] = []
        while true {
            let event = try events.next()
            if case .listEnd = event.kind { return Node(content: .list(items), start: place(start.start), end: place(event.end)) }
            items.append(try node(from: event, depth: depth + 1))
        }
    }

    private mutating func mapping(from start: YAMLEvent, depth: Int) throws(YAMLFault) -> Node {
        var entries: [Node.Entry] = []
        var placeOfKey: [String: Place] = [:]
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { return Node(content: .mapping(entries), start: place(start.start), end: place(event.end)) }
            let keyNode = try node(from: event, depth: depth + 1)
            guard case .scalar(let key) = keyNode.content else { throw event.fault("expected a name as key, found \(keyNode.kindName)") }
            let value = try node(from: events.next(), depth: depth + 1)
            let entry = Node.Entry(key: key.text, keyPlace: keyNode.start, value: value)
            if let first = placeOfKey[key.text] {
                duplicates.append(Duplicate(first: first, second: entry))
            } else {
                placeOfKey[key.text] = keyNode.start
                entries.append(entry)
            }
        }
    }

    private func place(_ mark: (line: Int, column: Int)) -> Place { Place(file: file, line: mark.line, column: mark.column) }
}

extension YAMLEvent {
    fileprivate func fault(_ message: String) -> YAMLFault { YAMLFault(message, line: start.line, column: start.column) }
}
