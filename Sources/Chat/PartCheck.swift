/// Checks the shape of a part of a message's content. Parts of unknown type, or without a type, are left to the provider.
enum PartCheck {
    static func check(_ part: JSONValue, _ path: @autoclosure () -> String) throws(GatewayError) {
        guard part.kind == .object else { throw .wrongType(path(), expected: .object) }
        guard let type = part["type"], !type.isNull else { return try ValueCheck.optional(part["text"], .string, path() + ".text") }
        guard type.kind == .string else { throw .wrongType(path() + ".type", expected: .string) }
        if type.isString("text") {
            try ValueCheck.required(part["text"], .string, path() + ".text")
        } else if type.isString("refusal") {
            if part["text"] == nil { try ValueCheck.required(part["refusal"], .string, path() + ".refusal") }
            try ValueCheck.optional(part["text"], .string, path() + ".text")
        } else if type.isString("image_url") {
            try checkURL(part["image_url"], path() + ".image_url")
            try ValueCheck.optional(part["image_url"]?["detail"], .string, path() + ".image_url.detail")
        } else if type.isString("video_url") {
            try checkURL(part["video_url"], path() + ".video_url")
        } else if type.isString("audio_url") {
            try checkURL(part["audio_url"], path() + ".audio_url")
        } else if type.isString("input_audio") {
            try ValueCheck.required(part["input_audio"], .object, path() + ".input_audio")
            try ValueCheck.required(part["input_audio"]?["data"], .string, path() + ".input_audio.data")
            try ValueCheck.optional(part["input_audio"]?["format"], .string, path() + ".input_audio.format")
        } else if type.isString("file") {
            try checkFile(part["file"], path() + ".file")
        }
    }

    /// OpenAI's form is an object with a `url`; many servers accept a text too.
    private static func checkURL(_ medium: JSONValue?, _ path: @autoclosure () -> String) throws(GatewayError) {
        try ValueCheck.required(medium, [.string, .object], path())
        if medium?.kind == .object { try ValueCheck.required(medium?["url"], .string, path() + ".url") }
    }

    private static func checkFile(_ file: JSONValue?, _ path: @autoclosure () -> String) throws(GatewayError) {
        try ValueCheck.required(file, .object, path())
        try ValueCheck.optional(file?["filename"], .string, path() + ".filename")
        var hasFile = false
        for name in ["file_data", "file_id", "file_url"] as [StaticString] {
            guard let value = file?[name], !value.isNull else { continue }
            if value.kind != .string { throw .wrongType("\(path()).\(name)", expected: .string) }
            hasFile = true
        }
        if !hasFile { throw .invalid(path(), "it holds neither 'file_data' nor 'file_id'") }
    }
}
