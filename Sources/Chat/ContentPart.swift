/// What a part of a message's content counts as, by its `type` alone.
extension MediaTally {
    /// Counts the media of a part. Everything else in it is text.
    mutating func note(part: JSONValue) {
        let type = part["type"]
        if type?.isString("image_url") == true {
            noteImage(part["image_url"])
            noteOthers(part, besides: "image_url")
        } else if type?.isString("input_audio") == true {
            addFile(payload: part["input_audio"]?["data"]?.stringBytes?.count ?? 0, isSound: true)
        } else if type?.isString("file") == true {
            addFile(payload: part["file"]?["file_data"]?.stringBytes.flatMap(Self.payload)?.count ?? 0)
        } else if Self.isText(type) {
            noteOthers(part, besides: nil)
        } else {
            addFile(payload: 0)
        }
    }

    /// Counts a message's members that name media; `content` is not among them.
    mutating func note(memberOfMessage name: JSONValue, _ value: JSONValue) {
        if !value.isNull, !value.isEmptyContainer, Self.isMedium(name) { addFile(payload: 0) }
    }

    /// Counts a member of the request that makes the provider read input that is not in the request.
    mutating func note(memberOfRequest name: JSONValue) {
        if Self.references.contains(where: { name.isString($0) }) { addFile(payload: 0) }
    }

    /// An address that is neither base64 of an image nor on the web may refer to anything.
    private mutating func noteImage(_ image: JSONValue?) {
        guard let url = (image?["url"] ?? image)?.stringBytes else { return addFile(payload: 0) }
        if url.starts(with: "https://") || url.starts(with: "http://") { return addImage(payload: 0) }
        if url.starts(with: "data:image/"), let payload = Self.payload(url) { return addImage(payload: payload.count) }
        addImage(payload: 0)
        addFile(payload: 0)
    }

    /// Some servers read a part by its members.
    private mutating func noteOthers(_ part: JSONValue, besides own: StaticString?) {
        for (name, value) in part.members where !value.isNull && own.map({ !name.isString($0) }) ?? true && Self.isMedium(name) {
            return addFile(payload: 0)
        }
    }

    /// The base64 of a `data:` URI; `nil` for anything else.
    private static func payload(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard text.starts(with: "data:") else { return nil }
        let head = text.prefix(256)
        guard let comma = head.firstIndex(of: UInt8(ascii: ",")), head[..<comma].suffix(7).elementsEqual(";base64".utf8) else { return nil }
        return UnsafeRawBufferPointer(rebasing: text[(comma + 1)...])
    }

    /// The types that hold text only. A part without a type is read by its members.
    private static func isText(_ type: JSONValue?) -> Bool {
        guard let type else { return true }
        return texts.contains { type.isString($0) }
    }

    private static func isMedium(_ name: JSONValue) -> Bool {
        guard let first = name.stringBytes?.first, first >= UInt8(ascii: "a"), first <= UInt8(ascii: "v") else { return false }
        return media.contains { name.isString($0) }
    }

    private static let texts: [StaticString] = ["text", "refusal", "input_text", "output_text"]

    /// Names under which servers look for media in a part or a message.
    private static let media: [StaticString] = [
        "image_url", "image", "images", "input_image", "image_pil", "image_embeds", "input_audio", "audio_url", "audio", "audio_embeds",
        "video_url", "video",
        "videos", "file", "file_id", "file_ids", "file_url", "file_data", "files", "input_file", "document_url", "document", "documents",
        "source",
        "attachments", "uuid",
    ]

    /// Members of a request by which a provider reads more than the request: documents that it keeps, searches, conversations, prompts, templates.
    private static let references: [StaticString] = [
        "documents", "file_ids", "files", "attachments", "prompt", "previous_response_id", "conversation", "conversation_id",
        "container", "chat_template", "images", "data_sources", "web_search_options", "search_parameters", "plugins", "enable_search",
        "search_options",
    ]
}

extension UnsafeRawBufferPointer {
    /// Whether it begins with `prefix` (in lower case), without regard to case.
    fileprivate func starts(with prefix: StaticString) -> Bool {
        guard count >= prefix.utf8CodeUnitCount else { return false }
        return prefix.withUTF8Buffer { prefix in
            zip(self, prefix).allSatisfy { byte, wanted in
                byte == wanted || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) && byte | 0x20 == wanted
            }
        }
    }
}
