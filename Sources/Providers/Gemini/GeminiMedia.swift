internal import Chat
internal import Core

extension [UInt8] {
    /// Appends a part with `source`, but for its closing brace.
    mutating func append(_ source: ClientSource) {
        switch source {
        case .inline(let media): appendInline(mediaType: media.type, media.base64)
        case .url(let url):
            // Google fetches it; the type is a hint that it wants where the URL tells it.
            append("{\"fileData\":{\"fileUri\":")
            appendJSONString(url)
            if let type = url.mediaTypeOfExtension {
                append(",\"mimeType\":\"")
                append(type)
                append("\"")
            }
            append("}")
        }
    }

    /// Appends a part with data of its own, but for its closing brace.
    mutating func appendInline(mediaType: String, _ base64: Base64Text) {
        append("{\"inlineData\":{\"mimeType\":")
        appendJSONString(mediaType)
        append(",\"data\":")
        base64.append(to: &self)
        append("}")
    }
}

extension UnsafeRawBufferPointer {
    /// The media type that the end of a URL's path stands for, of those that Google takes.
    fileprivate var mediaTypeOfExtension: StaticString? {
        let path = prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard let dot = path.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        return switch String(decoding: path[(dot + 1)...].prefix(8), as: UTF8.self).lowercased() {
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "webp": "image/webp"
        case "heic": "image/heic"
        case "heif": "image/heif"
        case "gif": "image/gif"
        case "pdf": "application/pdf"
        default: nil
        }
    }
}
