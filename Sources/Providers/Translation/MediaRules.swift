internal import Chat

/// The media that a provider takes. What it does not take is refused before any call, and another provider may be asked.
struct MediaRules {
    /// Media types of images that come along in the request.
    let images: Set<String>
    /// Media types of documents that come along in the request.
    let documents: Set<String>
    /// Families of media types, like `text/`, all of which are taken as documents.
    var families: [String] = []
    /// Formats of audio; `nil`: any.
    let audio: Set<String>?
    /// Whether the provider fetches what a URL names.
    let fetches: Bool

    static let anthropic = MediaRules(images: commonImages, documents: [MediaType.pdf], audio: [], fetches: true)
    static let bedrock = MediaRules(images: commonImages, documents: BedrockMedia.documentTypes, audio: ["wav", "mp3"], fetches: false)
    static let gemini = MediaRules(
        images: commonImages.union(["image/heic", "image/heif", "image/avif"]),
        documents: [
            MediaType.pdf, "application/json", "application/xml", "application/rtf", "application/x-javascript", "application/x-python",
        ],
        families: ["text/", "audio/", "video/"], audio: nil, fetches: true)

    private static let commonImages: Set<String> = [MediaType.jpeg, MediaType.png, MediaType.gif, MediaType.webp]

    /// - Throws: `invalid_request_error` naming the part's member, when the provider does not take it.
    func check(_ part: ClientPart, of message: Int) throws(GatewayError) {
        let path = "messages.\(message).content.\(part.index)"
        switch part.kind {
        case .text, .thought: return
        case .image(.url): if !fetches { throw .notTaken(path + "." + part.member, "An image by URL is") }
        case .image(.inline(let media)):
            if !images.contains(media.type) {
                throw .notTaken(path + "." + part.member, "An image of the type \(media.shownType) is")
            }
        case .file(.url, _): if !fetches { throw .notTaken(path + "." + part.member, "A file by URL is") }
        case .file(.inline(let media), _):
            if !takes(document: media.type) {
                throw .notTaken(path + "." + part.member, "A file of the type \(media.shownType) is")
            }
        case .audio(_, let format):
            guard let audio else { return }
            if audio.isEmpty { throw .notTaken(path + ".type", "Audio is") }
            if !audio.contains(String(decoding: format, as: UTF8.self)) {
                throw .notTaken(path + ".input_audio.format", "Audio of this format is")
            }
        }
    }

    private func takes(document type: String) -> Bool { documents.contains(type) || families.contains { type.hasPrefix($0) } }
}
