internal import Classifier

/// `classifier:`, a model that `purser fit` made.
struct ClassifierSection {
    /// The classifier with that model, or the shipped one if the policies name none.
    let classifier: Classifier

    init(_ field: FieldReader?, _ resource: (PolicyResource) -> [UInt8]?) {
        classifier = field.flatMap { Self.model($0, resource) } ?? .builtIn
    }

    private static func model(_ field: FieldReader, _ resource: (PolicyResource) -> [UInt8]?) -> Classifier? {
        guard let path = field.path() else { return nil }
        guard let bytes = resource(.classifier(path: path)) else {
            return field.refuse("the classifier \"\(shortened(path))\" cannot be read; its path is relative to the policies")
        }
        do throws(ClassifierModelError) {
            return try Classifier(model: bytes)
        } catch {
            return field.refuse("\"\(shortened(path))\": \(error.description)")
        }
    }
}
