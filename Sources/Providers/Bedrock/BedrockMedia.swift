internal import Chat

/// Images, documents and sound as Converse takes them: in the request, with a short name for their format.
enum BedrockMedia {
    /// The name of an image's format.
    static func imageFormat(_ mediaType: String) -> String? { images[mediaType] }

    /// The name of a document's format.
    static func documentFormat(_ mediaType: String) -> String? { documents[mediaType] }

    /// The media types of the documents that it takes.
    static var documentTypes: Set<String> { Set(documents.keys) }

    private static let images = [MediaType.png: "png", MediaType.jpeg: "jpeg", MediaType.gif: "gif", MediaType.webp: "webp"]

    private static let documents = [
        MediaType.pdf: "pdf", "text/csv": "csv", "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx", "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "text/html": "html", "text/plain": "txt",
        "text/markdown": "md",
    ]

    /// A document's name: letters, digits, single spaces, hyphens and brackets only, and no two alike.
    static func documentName(_ name: UnsafeRawBufferPointer?, number: Int) -> String {
        let letters = (name ?? UnsafeRawBufferPointer(start: nil, count: 0)).prefix(100).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"):
                byte
            default: UInt8(ascii: "-")
            }
        }
        return (letters.isEmpty ? "document" : String(decoding: letters, as: UTF8.self)) + (number > 1 ? " \(number)" : "")
    }
}
