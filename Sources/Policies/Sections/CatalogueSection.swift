/// `catalogue:`, a file with newer prices and limits of known models.
enum CatalogueSection {
    /// The catalogue; `nil`, with an error reported, when it cannot be read.
    static func catalogue(_ field: FieldReader, _ resource: (PolicyResource) -> [UInt8]?) -> Catalogue? {
        guard let path = field.path() else { return nil }
        guard let bytes = resource(.catalogue(path: path)) else {
            return field.refuse("the catalogue \"\(shortened(path))\" cannot be read; its path is relative to the policies")
        }
        do throws(CatalogueError) {
            // Models that are not in the file are taken from the shipped catalogue.
            return try CatalogueFile.read(bytes).completed(by: .shipped)
        } catch {
            return field.refuse("\"\(shortened(path))\": \(error.description)")
        }
    }
}

extension FieldReader {
    /// The path of another file that a policy refers to.
    func path() -> String? {
        guard let path = text() else { return nil }
        guard !path.isEmpty, path.utf8.count <= 4096, !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return refuse("\"\(label)\" must be the path of a file, at most 4096 bytes without control characters")
        }
        return path
    }
}
