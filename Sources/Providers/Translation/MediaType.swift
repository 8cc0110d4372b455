internal import Chat

/// Media types in the one spelling that providers take, and what the first bytes of a medium say about it.
enum MediaType {
    static let jpeg = "image/jpeg"
    static let png = "image/png"
    static let gif = "image/gif"
    static let webp = "image/webp"
    static let pdf = "application/pdf"

    /// The type of a medium.
    ///
    /// The first bytes decide for JPEG, PNG, GIF and WebP, and for a PDF that is not labelled as an image: providers compare the label with
    /// the bytes and refuse the whole request where they differ. Everything else stays as labelled.
    /// - Parameters:
    ///   - label: the type as the client wrote it, possibly empty.
    ///   - start: the first 12 bytes of the medium, or fewer.
    ///   - fileName: its ending tells the type of a document that has no useful label.
    static func of(_ label: UnsafeRawBufferPointer, start: [UInt8], fileName: UnsafeRawBufferPointer? = nil) -> String {
        if let image = image(start) { return image }
        let type = normalized(label)
        if start.starts(with: "%PDF-".utf8), !type.hasPrefix("image/") { return pdf }
        guard type.isEmpty || type == "application/octet-stream" else { return type }
        return fileName.flatMap(documentType) ?? (type.isEmpty ? "text/plain" : type)
    }

    /// The type of an image that begins with `start`; `nil`: none of the four that every provider knows.
    private static func image(_ start: [UInt8]) -> String? {
        if start.starts(with: [0xFF, 0xD8, 0xFF]) { return jpeg }
        if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return png }
        if start.starts(with: "GIF87a".utf8) || start.starts(with: "GIF89a".utf8) { return gif }
        if start.count >= 12, start.starts(with: "RIFF".utf8), start[8..<12].elementsEqual("WEBP".utf8) { return webp }
        return nil
    }

    /// The type in lower case and in its registered spelling.
    private static func normalized(_ label: UnsafeRawBufferPointer) -> String {
        let type = String(decoding: label.prefix(128).filter { $0 > 0x20 }, as: UTF8.self).lowercased()
        return switch type {
        case "image/jpg", "image/jpe", "image/jfif", "image/pjpeg", "image/pjpg", "image/x-jpeg", "image/x-jpg", "image/x-citrix-jpeg": jpeg
        case "image/x-png", "image/x-citrix-png", "image/apng": png
        case "image/x-gif": gif
        case "image/x-webp": webp
        case "application/x-pdf", "application/acrobat", "text/pdf", "text/x-pdf": pdf
        case "application/csv", "text/x-csv", "application/x-csv", "text/comma-separated-values": "text/csv"
        case "text/x-markdown", "text/md": "text/markdown"
        default: type
        }
    }

    /// The type that the ending of a file's name stands for.
    private static func documentType(_ name: UnsafeRawBufferPointer) -> String? {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        return switch String(decoding: name[(dot + 1)...].prefix(8), as: UTF8.self).lowercased() {
        case "pdf": pdf
        case "csv": "text/csv"
        case "txt": "text/plain"
        case "md": "text/markdown"
        case "html", "htm": "text/html"
        case "doc": "application/msword"
        case "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        case "xls": "application/vnd.ms-excel"
        case "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        default: nil
        }
    }
}
