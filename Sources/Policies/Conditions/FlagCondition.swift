internal import Chat

/// `tools`, `images`, `structured_output`, `stream`: whether the request has it.
struct FlagCondition: Sendable, Equatable {
    enum Subject: String, Sendable {
        case tools, images, stream
        case structuredOutput = "structured_output"
    }

    let subject: Subject
    let wanted: Bool

    init?(_ subject: Subject, _ field: FieldReader) {
        guard let wanted = field.boolean() else { return nil }
        self.subject = subject
        self.wanted = wanted
    }

    func holds(_ features: RequestFeatures) -> Bool {
        switch subject {
        case .tools: features.facts.hasTools == wanted
        case .images: features.facts.hasImages == wanted
        case .structuredOutput: features.facts.wantsStructuredOutput == wanted
        case .stream: features.facts.stream == wanted
        }
    }
}
