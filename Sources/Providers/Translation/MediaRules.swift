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
    /// What the provider fetches itself.
    let fetches: Fetching
    /// Whether documents other than PDFs are sent as text.
    var sendsText = false

    /// From which addresses a provider fetches media.
    enum Fetching { case nothing, https, all }

    static let anthropic = MediaRules(
        images: commonImages,
        documents: [
            MediaType.pdf, "application/json", "application/xml", "application/yaml", "application/x-yaml", "application/javascript",
        ],
        families: ["text/"], audio: [], fetches: .https, sendsText: true)
    static let bedrock = MediaRules(images: commonImages, documents: BedrockMedia.documentTypes, audio: ["wav", "mp3"], fetches: .nothing)
    static let gemini = MediaRules(
        images: commonImages.union(["image/heic", "image/heif", "image/avif"]),
        documents: [
            MediaType.pdf, "application/json", "application/xml", "application/rtf", "application/x-javascript", "application/x-python",
        ],
        families: ["text/", "audio/", "video/"], audio: nil, fetches: .all)

    private static let commonImages: Set<String> = [MediaType.jpeg, MediaType.png, MediaType.gif, MediaType.webp]

    /// - Throws: `invalid_request_error` naming the part's member, when the provider does not take it.
    func check(_ part: ClientPart, of message: Int) throws(GatewayError) {
        let path = "messages.\(message).content.\(part.index)"
        switch part.kind {
        case .text, .thought: return
        case .image(.url(let url)): try check(url, path + "." + part.member, "An image")
        case .image(.inline(let media)):
            if !images.contains(media.type) {
                throw .notTaken(path + "." + part.member, "An image of the type \(media.shownType) is")
            }
        case .file(.url(let url), _): try check(url, path + "." + part.member, "A file")
        case .file(.inline(let media), _):
            if !takes(document: media.type) {
                throw .notTaken(path + "." + part.member, "A file of the type \(media.shownType) is")
            }
            if sendsText, media.type != MediaType.pdf, part.kind.plainText == nil {
                throw .notTaken(path + "." + part.member, "A file of the type \(media.shownType) that has no text in UTF-8 in it is")
            }
        case .audio(_, let format):
            guard let audio else { return }
            if audio.isEmpty { throw .notTaken(path + ".type", "Audio is") }
            if !audio.contains(String(decoding: format, as: UTF8.self)) {
                throw .notTaken(path + ".input_audio.format", "Audio of this format is")
            }
        }
    }

    private func check(_ url: UnsafeRawBufferPointer, _ member: String, _ what: String) throws(GatewayError) {
        switch fetches {
        case .all: return
        case .https: if !url.hasPrefix("https://") { throw .notTaken(member, "\(what) by a URL that is not https is") }
        case .nothing: throw .notTaken(member, "\(what) by URL is")
        }
    }

    private func takes(document type: String) -> Bool { documents.contains(type) || families.contains { type.hasPrefix($0) } }
}
