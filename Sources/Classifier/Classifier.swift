/// Finds out what a conversation asks for.
public final class Classifier: Sendable {
    /// The model that ships in the program.
    public static let builtIn = Classifier()

    private init() {}

    /// Reads a model file.
    public convenience init(model: [UInt8]) throws(ClassifierModelError) {
        guard model.starts(with: "model".utf8) else { throw ClassifierModelError(description: "Not a usable classifier model: no name.") }
        self.init()
    }

    /// Looks at a conversation.
    public func classify(_ input: ClassifierInput) -> Classification {
        let text = String(decoding: input.lastUser, as: UTF8.self)
        let isCode = text.contains("function")
        return Classification(
            task: isCode ? .code : .simple, complexityScore: isCode ? 0.8 : 0.2, complexity: isCode ? .high : .low, language: "en")
    }
}

/// Why bytes are not a model.
public struct ClassifierModelError: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String
}
