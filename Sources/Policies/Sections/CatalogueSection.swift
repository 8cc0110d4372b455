/// `catalogue:`, newer prices and limits of known models than those that ship.
enum CatalogueSection {
    /// The catalogue; `nil`, with an error reported, when it cannot be had.
    static func catalogue(_ field: FieldReader, _ resource: (PolicyResource) -> [UInt8]?) -> Catalogue? {
        guard let path = field.path() else { return nil }
        guard let bytes = resource(.catalogue(path: path)) else {
            return field.refuse("the catalogue \"\(shortened(path))\" cannot be read; its path is relative to the policies")
        }
        do throws(CatalogueError) {
            // What the file does not know, the program may.
            return try CatalogueFile.read(bytes).completed(by: .shipped)
        } catch {
            return field.refuse("\"\(shortened(path))\": \(error.description)")
        }
    }
}

extension FieldReader {
    /// The path of a file that a policy names beside itself.
    func path() -> String? {
        guard let path = text() else { return nil }
        guard !path.isEmpty, path.utf8.count <= 4096, !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return refuse("\"\(label)\" must be the path of a file, at most 4096 bytes without control characters")
        }
        return path
    }
}
