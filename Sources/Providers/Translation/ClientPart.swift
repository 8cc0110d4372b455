internal import Chat

/// A part of a message's content.
struct ClientPart {
    enum Kind {
        case text(UnsafeRawBufferPointer)
        case image(ClientSource)
        /// A document, as a rule a PDF.
        case file(ClientSource, name: UnsafeRawBufferPointer?)
        /// Base64 of `wav`, `mp3`, …
        case audio(UnsafeRawBufferPointer, format: UnsafeRawBufferPointer)
    }

    let kind: Kind
    /// `cache_control`, Anthropic's mark for its prompt cache, as JSON.
    let cacheControl: JSONValue?

    init(_ kind: Kind, cacheControl: JSONValue? = nil) {
        self.kind = kind
        self.cacheControl = cacheControl
    }

    /// The text, if it is one.
    var text: UnsafeRawBufferPointer? { if case .text(let text) = kind { text } else { nil } }

    static func readAll(
        _ content: JSONValue?, _ message: Int, _ abilities: ClientRequest.Abilities
    ) throws(GatewayError) -> [ClientPart] {
        guard let content, !content.isNull else { return [] }
        if let text = content.stringBytes { return text.isEmpty ? [] : [ClientPart(.text(text))] }
        var parts: [ClientPart] = []
        for (index, part) in content.elements.enumerated() {
            guard let kind = try read(part, "messages.\(message).content.\(index)", abilities) else { continue }
            let mark = part["cache_control"].flatMap { $0.kind == .object ? $0 : nil }
            parts.append(ClientPart(kind, cacheControl: mark))
        }
        return parts
    }

    /// - Returns: `nil` for a text without anything in it, which some providers refuse.
    private static func read(_ part: JSONValue, _ path: String, _ abilities: ClientRequest.Abilities) throws(GatewayError) -> Kind? {
        guard let type = part["type"] else { throw .malformed(path + ".type", "expected a string") }
        if type.isString("text") || type.isString("refusal") {
            guard let text = (part["text"] ?? part["refusal"])?.stringBytes else { throw .malformed(path + ".text", "expected a string") }
            return text.isEmpty ? nil : .text(text)
        }
        if type.isString("image_url") {
            let image = part["image_url"]
            guard let url = (image?["url"] ?? image)?.stringBytes else { throw .malformed(path + ".image_url.url", "expected a string") }
            return .image(try ClientSource(url, path + ".image_url.url"))
        }
        if type.isString("file"), abilities.contains(.files) { return try readFile(part["file"], path + ".file") }
        if type.isString("input_audio"), abilities.contains(.audio) {
            guard let audio = part["input_audio"], let data = audio["data"]?.stringBytes, let format = audio["format"]?.stringBytes else {
                throw .malformed(path + ".input_audio", "expected 'data' and 'format'")
            }
            return .audio(data, format: format)
        }
        throw .notTaken(path + ".type", "Content of type '\(String((type.string ?? "").prefix(64)))' is")
    }

    private static func readFile(_ file: JSONValue?, _ path: String) throws(GatewayError) -> Kind {
        guard let data = file?["file_data"]?.stringBytes else {
            throw .notTaken(path + ".file_data", "A file without 'file_data' is")
        }
        return .file(try ClientSource(data, path + ".file_data"), name: file?["filename"]?.stringBytes)
    }
}

/// Where an image or a file is.
enum ClientSource {
    /// Base64 that came along in a `data:` URI (RFC 2397).
    case inline(mediaType: UnsafeRawBufferPointer, base64: UnsafeRawBufferPointer)
    /// Somewhere the provider may fetch it: `http` or `https`.
    case url(UnsafeRawBufferPointer)

    init(_ url: UnsafeRawBufferPointer, _ path: String) throws(GatewayError) {
        guard url.hasPrefix("data:") else {
            guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
                throw .malformed(path, "expected an http, https or data URL")
            }
            self = .url(url)
            return
        }
        guard let comma = url.firstIndex(of: UInt8(ascii: ",")) else { throw .malformed(path, "the data URL has no comma") }
        let head = url[5..<comma]
        guard head.count >= 7, head.suffix(7).elementsEqual(";base64".utf8) else {
            throw .malformed(path, "expected a data URL in base64, data:TYPE;base64,DATA")
        }
        let type = head.prefix { $0 != UInt8(ascii: ";") }
        self = .inline(
            mediaType: UnsafeRawBufferPointer(rebasing: type), base64: UnsafeRawBufferPointer(rebasing: url[(comma + 1)...]))
    }
}

extension UnsafeRawBufferPointer {
    /// Whether it begins with `prefix`, whatever the case of the letters; `prefix` is in lower case.
    func hasPrefix(_ prefix: StaticString) -> Bool {
        guard count >= prefix.utf8CodeUnitCount else { return false }
        return prefix.withUTF8Buffer { prefix in
            zip(self, prefix).allSatisfy { byte, wanted in
                byte == wanted || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) && byte | 0x20 == wanted
            }
        }
    }
}
