/// Why bytes are not a valid model.
public struct ClassifierModelError: Error, Sendable, CustomStringConvertible {
    /// The reason and the remedy, for people.
    public let description: String

    init(_ problem: String) { description = "Not a usable classifier model: \(problem)." }

    static func cut(_ part: String) -> ClassifierModelError {
        ClassifierModelError("it ends within its \(part); the file is cut short, make it anew with `purser fit`")
    }
}
