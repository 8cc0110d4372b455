internal import Chat

/// `header.NAME` and `metadata.NAME`: the text of that name is one of these.
final class NamedCondition: Sendable {
    enum Subject: Sendable { case header, metadata }

    let subject: Subject
    /// The name of the header (in lower case) or of the metadata entry.
    let name: String
    private let texts: TextCondition

    init(_ subject: Subject, name: String, _ texts: TextCondition) {
        self.subject = subject
        self.name = name
        self.texts = texts
    }

    func holds(_ features: RequestFeatures) -> Bool {
        switch subject {
        case .header: texts.holds(features.headers[name])
        case .metadata: texts.holds(features.facts.metadata[name])
        }
    }

    func implies(_ other: NamedCondition) -> Bool {
        subject == other.subject && name == other.name && texts.implies(other.texts)
    }
}
