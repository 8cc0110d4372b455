/// Which of Google's models go on from the model's own words at the end of a conversation.
enum GeminiPrefill {
    /// Up to Gemini 3.5 Flash they do; later ones, 3.5 Flash-Lite among them, refuse a request that ends with a model's turn. A Gemini without
    /// a version is the newest, but for `gemini-pro-latest`, which still is of the older ones.
    /// - Parameter model: Google's name, e.g. `gemini-2.5-flash`, `models/gemini-3.6-flash`.
    static func isTaken(by model: String) -> Bool {
        let name = model.split(separator: "/").last ?? ""
        guard name.hasPrefix("gemini-") else { return true }
        let words = name.dropFirst("gemini-".count).split(separator: "-")
        let version = (words.first ?? "").split(separator: ".").map { Int($0) ?? -1 }
        guard let major = version.first, major >= 0 else { return name.hasPrefix("gemini-pro-latest") }
        let minor = version.dropFirst().first ?? 0
        if (major, minor) < (3, 5) { return true }
        return (major, minor) == (3, 5) && words.contains("flash") && !words.contains("lite")
    }
}
