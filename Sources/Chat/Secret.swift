/// A text that must not be seen: an API key, a token, a header that carries one.
///
/// Printing, interpolating, dumping or reflecting a secret gives `***`; the text itself comes only from ``reveal()``, so every place that
/// uses it can be found by that name. It is deliberately neither `Codable` nor `Hashable`.
public struct Secret: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// Hides `text`.
    public init(_ text: String) { self.text = text }

    /// The text itself. Never for logs, errors or answers.
    public func reveal() -> String { text }

    /// Whether the text has no characters at all.
    public var isEmpty: Bool { text.isEmpty }

    /// Always `***`.
    public var description: String { "***" }

    /// Always `***`.
    public var debugDescription: String { "***" }

    /// A mirror without children, so that `dump` and reflection find nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
