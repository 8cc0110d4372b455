/// Parses files to trees, within the bounds of ``PolicyLimits``; reports errors.
enum DocumentLoader {
    /// The path and root of each file that could be parsed and has content.
    static func load(_ files: [PolicyFile], _ diagnostics: DiagnosticCollector) -> [(path: String, root: Node)] {
        var bytesLeft = PolicyLimits.totalBytes
        var nodesLeft = PolicyLimits.nodes
        var roots: [(String, Node)] = []
        for file in files {
            if let unavailability = sizeObjection(file, bytesLeft: &bytesLeft) {
                // The text of such a file is not kept, so that no line of it can be shown.
                let index = diagnostics.add(SourceText(path: file.path, bytes: []))
                diagnostics.error(at: Place(file: index, line: 0, column: 0), unavailability)
                continue
            }
            let source = SourceText(path: file.path, bytes: file.bytes)
            let index = diagnostics.add(source)
            do throws(YAMLFault) {
                if let root = try parse(file, as: source, index: index, nodesLeft: &nodesLeft, diagnostics) {
                    roots.append((file.path, root))
                }
                source.isParsed = true
            } catch {
                diagnostics.error(at: place(of: error, in: source, index: index), error.message)
            }
        }
        return roots
    }

    private static func sizeObjection(_ file: PolicyFile, bytesLeft: inout Int) -> String? {
        if file.bytes.count > PolicyLimits.fileBytes { return "the file is larger than 1 MiB" }
        if file.bytes.count > bytesLeft { return "the policy files are larger than 8 MiB together" }
        bytesLeft -= file.bytes.count
        return nil
    }

    private static func parse(
        _ file: PolicyFile, as source: SourceText, index: Int, nodesLeft: inout Int, _ diagnostics: DiagnosticCollector
    ) throws(YAMLFault) -> Node? {
        try checkEncoding(file.bytes)
        let (root, duplicates) = try DocumentParser.parse(source, file: index, nodesLeft: &nodesLeft)
        for duplicate in duplicates {
            SecretFinder.hideSecrets(in: duplicate.second, of: source)
            let (key, place) = (duplicate.second.key, duplicate.second.keyPlace)
            diagnostics.error(at: place, "\"\(shortened(key))\" is defined twice, first at \(diagnostics.describe(duplicate.first))")
        }
        guard let root, !root.isNull else { return nil }
        SecretFinder.hideSecrets(in: root, of: source)
        return root
    }

    private static func checkEncoding(_ bytes: [UInt8]) throws(YAMLFault) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            let offset = error.byteOffsets.lowerBound
            throw fault("not UTF-8: invalid byte at offset \(offset)", byte: offset, of: bytes)
        }
        // Reserved for ``EnvironmentMarks``: their encodings differ in the last byte only.
        let reserved = String(EnvironmentMarks.opening).utf8.dropLast()
        guard let lead = reserved.first else { return }
        for index in bytes.indices where bytes[index] == lead && bytes[index...].starts(with: reserved) {
            let last = bytes[index...].dropFirst(2).first
            if last == 0x80 || last == 0x81 { throw fault("the characters U+E000 and U+E001 are not allowed", byte: index, of: bytes) }
        }
    }

    private static func fault(_ message: String, byte offset: Int, of bytes: [UInt8]) -> YAMLFault {
        let (line, column) = SourceText.position(ofByte: offset, in: bytes)
        return YAMLFault(message, line: line, column: column)
    }

    private static func place(of fault: YAMLFault, in source: SourceText, index: Int) -> Place {
        switch fault.position {
        case .place(let line, let column):
            let (line, column) = source.clamped(line: line, column: column)
            return Place(file: index, line: line, column: column)
        case .byte(let offset):
            let (line, column) = SourceText.position(ofByte: offset, in: EnvironmentMarks.hidden(in: source.bytes))
            return Place(file: index, line: line, column: column)
        }
    }
}
