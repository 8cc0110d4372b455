internal import Chat

/// Images, documents and sound as Converse takes them: in the request, with a short name for their format.
enum BedrockMedia {
    static func imageFormat(_ mediaType: UnsafeRawBufferPointer) -> StaticString? {
        switch String(decoding: mediaType, as: UTF8.self).lowercased() {
        case "image/png": "png"
        case "image/jpeg", "image/jpg": "jpeg"
        case "image/gif": "gif"
        case "image/webp": "webp"
        default: nil
        }
    }

    static func documentFormat(_ mediaType: UnsafeRawBufferPointer) -> StaticString? {
        switch String(decoding: mediaType, as: UTF8.self).lowercased() {
        case "application/pdf": "pdf"
        case "text/csv": "csv"
        case "application/msword": "doc"
        case "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx"
        case "application/vnd.ms-excel": "xls"
        case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx"
        case "text/html": "html"
        case "text/plain": "txt"
        case "text/markdown": "md"
        default: nil
        }
    }

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
