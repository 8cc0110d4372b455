internal import Chat

/// A part of a message's content.
struct ClientPart {
    enum Kind {
        case text(UnsafeRawBufferPointer)
        case image(ClientSource)
        /// A document, as a rule a PDF.
        case file(ClientSource, name: UnsafeRawBufferPointer?)
        /// Audio in a format like `wav` or `mp3`.
        case audio(Base64Text, format: UnsafeRawBufferPointer)
        /// A thought of the provider that is asked, with its signature.
        case thought(ReasoningDetail)
    }

    let kind: Kind
    /// Where it stands in the content; 0 for content that is a string.
    let index: Int
    /// The member of the part that holds its medium, for errors; empty for a text.
    let member: String
    /// The mark for the prompt cache; `nil`: none.
    let mark: CacheMark?

    init(_ kind: Kind, index: Int = 0, member: String = "", mark: CacheMark? = nil) {
        self.kind = kind
        self.index = index
        self.member = member
        self.mark = mark
    }

    /// The text, if it is one.
    var text: UnsafeRawBufferPointer? { if case .text(let text) = kind { text } else { nil } }

    var isText: Bool { if case .text = kind { true } else { false } }

    var isThought: Bool { if case .thought = kind { true } else { false } }

    var isFile: Bool { if case .file = kind { true } else { false } }

    /// - Parameter format: the provider whose thoughts may come back.
    static func readAll(
        _ content: JSONValue?, _ message: Int, _ abilities: ClientRequest.Abilities, _ format: ReasoningDetail.Format
    ) throws(GatewayError) -> [ClientPart] {
        guard let content, !content.isNull else { return [] }
        if let text = content.stringBytes { return text.isEmpty ? [] : [ClientPart(.text(text))] }
        var parts: [ClientPart] = []
        for (index, part) in content.elements.enumerated() {
            let path = "messages.\(message).content.\(index)"
            guard let (kind, member) = try read(part, path, abilities, format) else { continue }
            parts.append(ClientPart(kind, index: index, member: member, mark: CacheMark(part["cache_control"])))
        }
        return parts
    }

    /// - Returns: `nil` for what is left out: a text without anything in it, which some providers refuse, and another provider's thought.
    private static func read(
        _ part: JSONValue, _ path: String, _ abilities: ClientRequest.Abilities, _ format: ReasoningDetail.Format
    ) throws(GatewayError) -> (Kind, member: String)? {
        guard let type = part["type"] else { throw .malformed(path + ".type", "expected a string") }
        if type.isString("text") || type.isString("refusal") {
            guard let text = (part["text"] ?? part["refusal"])?.stringBytes else { throw .malformed(path + ".text", "expected a string") }
            return text.isEmpty ? nil : (.text(text), "")
        }
        if type.isString("image_url") {
            let image = part["image_url"]
            guard let url = (image?["url"] ?? image)?.stringBytes else { throw .malformed(path + ".image_url.url", "expected a string") }
            return (try medium(url, path, "image_url.url", name: nil, usually: .image, abilities), "image_url.url")
        }
        if type.isString("file"), abilities.contains(.files) {
            let file = part["file"]
            guard let data = file?["file_data"]?.stringBytes else {
                throw .notTaken(path + ".file.file_data", "A file without 'file_data' is")
            }
            return (
                try medium(data, path, "file.file_data", name: file?["filename"]?.stringBytes, usually: .file, abilities), "file.file_data"
            )
        }
        if type.isString("input_audio"), abilities.contains(.audio) { return (try readAudio(part["input_audio"], path), "input_audio") }
        if ReasoningDetail.isThought(type) { return ReasoningDetail(contentPart: part, for: format).map { (.thought($0), "") } }
        throw .notTaken(path + ".type", "Content of type '\(String((type.string ?? "").prefix(64)))' is")
    }

    private static func readAudio(_ audio: JSONValue?, _ path: String) throws(GatewayError) -> Kind {
        guard let data = audio?["data"]?.stringBytes, let format = audio?["format"]?.stringBytes else {
            throw .malformed(path + ".input_audio", "expected 'data' and 'format'")
        }
        guard let base64 = Base64Text(data) else { throw .malformed(path + ".input_audio.data", "expected base64") }
        return .audio(base64, format: format)
    }

    private enum Usual { case image, file }

    /// An image or a file. Some clients send files as images and images as files; what came along tells which it is.
    private static func medium(
        _ url: UnsafeRawBufferPointer, _ path: String, _ member: String, name: UnsafeRawBufferPointer?, usually: Usual,
        _ abilities: ClientRequest.Abilities
    ) throws(GatewayError) -> Kind {
        let source = try ClientSource(url, path + "." + member, fileName: name, mayBeBare: usually == .file)
        var isImage = usually == .image
        if case .inline(let media) = source {
            if media.type == MediaType.pdf, abilities.contains(.files) { isImage = false }
            if media.type.hasPrefix("image/") { isImage = true }
        }
        return isImage ? .image(source) : .file(source, name: name)
    }
}

extension ClientPart.Kind {
    /// The text of a document that is text; `nil` for everything else, and for what is not UTF-8.
    var plainText: [UInt8]? {
        guard case .file(.inline(let media), _) = self, media.type != MediaType.pdf else { return nil }
        return media.base64.utf8Text
    }
}

/// A medium that came along with the request.
struct InlineMedia {
    /// The media type, normalized, and told by the bytes where they tell it.
    let type: String
    let base64: Base64Text

    /// The type as an error may show it.
    var shownType: String { "'\(type.prefix(64))'" }
}

/// Where an image or a file is.
enum ClientSource {
    /// In a `data:` URI (RFC 2397).
    case inline(InlineMedia)
    /// Somewhere the provider may fetch it: `http` or `https`.
    case url(UnsafeRawBufferPointer)

    /// - Parameters:
    ///   - fileName: the name of a file, which tells its type where nothing else does.
    ///   - mayBeBare: whether base64 without anything around it is meant, as some clients send files.
    init(
        _ url: UnsafeRawBufferPointer, _ path: String, fileName: UnsafeRawBufferPointer? = nil, mayBeBare: Bool = false
    ) throws(GatewayError) {
        guard url.hasPrefix("data:") else {
            guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
                if mayBeBare, let base64 = Base64Text(url) {
                    let type = MediaType.of(UnsafeRawBufferPointer(start: nil, count: 0), start: base64.start, fileName: fileName)
                    self = .inline(InlineMedia(type: type, base64: base64))
                    return
                }
                throw .malformed(path, "expected an http, https or data URL")
            }
            self = .url(url)
            return
        }
        guard let comma = url.firstIndex(of: UInt8(ascii: ",")) else { throw .malformed(path, "the data URL has no comma") }
        // TYPE, then parameters like `charset=utf-8`, one of which is `base64`.
        let head = url[5..<comma].split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        guard head.dropFirst().contains(where: { UnsafeRawBufferPointer(rebasing: $0).isWord("base64") }) else {
            throw .malformed(path, "expected a data URL in base64, data:TYPE;base64,DATA")
        }
        guard let base64 = Base64Text(UnsafeRawBufferPointer(rebasing: url[(comma + 1)...])) else {
            throw .malformed(path, "the data URL has no base64 behind its comma")
        }
        let label = UnsafeRawBufferPointer(rebasing: head[0])
        self = .inline(InlineMedia(type: MediaType.of(label, start: base64.start, fileName: fileName), base64: base64))
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

    /// Whether it is `word`, whatever the case of the letters and with white space around it; `word` is in lower case.
    fileprivate func isWord(_ word: StaticString) -> Bool {
        let trimmed = UnsafeRawBufferPointer(rebasing: drop { $0 <= 0x20 }).trimmedAtEnd
        return trimmed.count == word.utf8CodeUnitCount && trimmed.hasPrefix(word)
    }
}
