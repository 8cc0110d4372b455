internal import Chat

extension MediaTally {
    /// Counts what a translator writes of a part: once for each time that it does.
    /// - Parameter addressesAreImages: whether the provider takes nothing but an image from the address of an image.
    mutating func note(_ kind: ClientPart.Kind, addressesAreImages: Bool = true) {
        switch kind {
        case .text, .thought: break
        case .image(.url):
            addImage(payload: 0)
            if !addressesAreImages { addFile(payload: 0) }
        case .image(.inline(let media)):
            // Any other medium does not count as an image.
            if media.type.hasPrefix("image/") { addImage(payload: media.base64.count) } else { addFile(payload: media.base64.count) }
        case .file(.url, _): addFile(payload: 0)
        case .file(.inline(let media), _): addFile(payload: media.base64.count)
        case .audio(let base64, _): addFile(payload: base64.count, isSound: true)
        }
    }
}
