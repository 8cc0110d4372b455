internal import Chat

/// Reads what an error body says, in whatever shape a server writes it.
///
/// Known shapes: `{"error":{…}}`, `{"error":"text"}`, `{"errors":[…]}`, `{"detail":…}` (FastAPI), `{"message":…}`, `{"object":"error",…}` (vLLM,
/// Mistral), the same inside a list or inside a string, plain text, and the title of a web page.
enum ErrorWords {
    /// What a body says; `nil` when it says nothing that can be read, or is longer than what is shown.
    static func read(_ body: [UInt8], _ reader: JSONReader) -> ProviderError? {
        guard body.count <= OpenAIFailure.longestPassedBody else { return nil }
        guard var said = json(body, reader) ?? text(body).map({ ProviderError(type: nil, message: $0, isShaped: false) }) else {
            return nil
        }
        // Proxies pass their upstream's body on as a string.
        for _ in 0..<3 {
            guard let inner = nested(said.message, reader) else { break }
            (said.type, said.code, said.param) = (inner.type ?? said.type, inner.code ?? said.code, inner.param ?? said.param)
            said.message = inner.message
        }
        return said
    }

    private static func json(_ body: [UInt8], _ reader: JSONReader) -> ProviderError? {
        (try? reader.read(body) { root in error(in: root) }).flatMap(\.self)
    }

    private static func nested(_ message: String, _ reader: JSONReader) -> ProviderError? {
        guard let first = message.utf8.first(where: { $0 > 0x20 }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            return nil
        }
        return json(Array(message.utf8), reader)
    }

    /// The error in a JSON value; `nil` when it does not look like one.
    static func error(in root: JSONValue) -> ProviderError? {
        switch root.kind {
        case .string: root.string.flatMap { $0.isEmpty ? nil : ProviderError(type: nil, message: $0) }
        case .array: listed(root)
        case .object: objectError(root)
        case .number, .bool, .null: nil
        }
    }

    /// Several errors in a list: the first one's kind, and the words of all, each with the place that it names.
    private static func listed(_ root: JSONValue) -> ProviderError? {
        let errors = root.elements.prefix(16).compactMap(error)
        guard var said = errors.first else { return nil }
        var lines: [String] = []
        for error in errors {
            let line = error.param.map { "\($0): \(error.message)" } ?? error.message
            if !lines.contains(line) { lines.append(line) }
        }
        if lines.count > 1 { said.message = lines.joined(separator: "; ") }
        return said
    }

    private static func objectError(_ root: JSONValue) -> ProviderError? {
        guard var said = described(root) ?? nestedError(root) ?? named(root) else { return nil }
        said.type = said.type ?? text(root, ["type", "error_type", "__type", "status"], takesNumbers: false)
        said.code = said.code ?? text(root, ["code", "error_code", "errorCode"])
        said.param = said.param ?? text(root, ["param"]) ?? location(root)
        said.namedStatus = said.namedStatus ?? status(root)
        said.isShaped = root["error"] != nil || root["code"] != nil || root["object"]?.isString("error") == true
        // OpenRouter's moderation.
        if let details = root["metadata"], details["flagged_input"] != nil || details["reasons"] != nil { said.refusesText = true }
        if let raw = root["metadata"]?["raw"]?.string { said.upstream = raw }
        return said
    }

    /// A member that holds the error.
    private static func nestedError(_ root: JSONValue) -> ProviderError? {
        for name in ["error", "errors", "detail", "message", "Message", "body", "base_resp"] as [StaticString] {
            if let value = root[name], value.kind == .object || value.kind == .array, let said = error(in: value) { return said }
        }
        // `{"error":"text"}` (Ollama, Text Generation Inference).
        return root["error"].flatMap(error)
    }

    /// A member that is the message.
    private static func described(_ root: JSONValue) -> ProviderError? {
        for name in messages {
            guard let text = root[name]?.string, !text.isEmpty else { continue }
            return ProviderError(type: root["error"]?.string, message: text)
        }
        return nil
    }

    /// An error that has a name and no words.
    private static func named(_ root: JSONValue) -> ProviderError? {
        guard text(root, ["code", "type", "error_type", "__type"]) != nil else { return nil }
        return ProviderError(type: nil, message: "The provider refused the request.")
    }

    private static let messages: [StaticString] = [
        "message", "Message", "msg", "detail", "error_message", "errorMessage", "error_msg", "error_description", "description", "reason",
        "status_msg", "title",
    ]

    /// Where FastAPI found the mistake: `["body","messages",0,"role"]` is `messages.0.role`.
    private static func location(_ root: JSONValue) -> String? {
        guard let place = root["loc"], place.kind == .array else { return nil }
        let steps = place.elements.compactMap { $0.string ?? $0.int64.map(String.init) }
        let path = (steps.first == "body" ? steps.dropFirst() : steps[...]).joined(separator: ".")
        return path.isEmpty ? nil : path
    }

    private static func text(_ root: JSONValue, _ names: [StaticString], takesNumbers: Bool = true) -> String? {
        for name in names {
            guard let value = root[name] else { continue }
            if let text = value.string, !text.isEmpty { return text }
            if takesNumbers, let number = value.int64 { return String(number) }
        }
        return nil
    }

    /// The HTTP status that the error names.
    private static func status(_ root: JSONValue) -> Int? {
        for name in ["code", "status", "status_code", "http_status", "http_code"] as [StaticString] {
            let number = root[name].flatMap { $0.int64 ?? $0.string.flatMap { Int64($0) } }
            if let number, (400...599).contains(number) { return Int(number) }
        }
        return nil
    }

    // MARK: Other texts

    /// Plain text, or the title of a web page.
    private static func text(_ body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(16 * 1024), as: UTF8.self)
        guard let first = text.first(where: { !$0.isWhitespace }) else { return nil }
        if first == "<" { return title(text) }
        // Text that looks like JSON and is not says nothing.
        if first == "{" || first == "[" { return nil }
        let words = text.split { $0.isWhitespace || $0 == "\0" }.joined(separator: " ")
        let isReadable = !words.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{FFFD}" }
        return isReadable && !words.isEmpty ? String(words.prefix(1024)) : nil
    }

    private static func title(_ page: String) -> String? {
        for tag in ["title", "h1", "Message", "message"] {
            guard let start = page.firstRange(of: "<\(tag)>"), let end = page[start.upperBound...].firstRange(of: "</") else { continue }
            let words = page[start.upperBound..<end.lowerBound].split { $0.isWhitespace }.joined(separator: " ")
            if !words.isEmpty { return String(words.prefix(256)) }
        }
        return nil
    }
}

extension ProviderError {
    /// Whether it says that the conversation is too long for the model.
    var saysTooLong: Bool {
        isTooLong || [message, code, type, upstream].compactMap(\.self).contains { ContextLength.isExceeded($0) }
    }
}
