/// A text that must not be shown: an API key, a token, a header with one.
///
/// Printing, interpolating, dumping or reflecting a secret gives `***`. The text is available only through ``reveal()``, so that every use
/// can be found by that name. Deliberately neither `Codable` nor `Hashable`.
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
