/// What names an answer: the same in all of its events.
public struct AnswerIdentity: Hashable, Sendable {
    /// Unlike that of any other answer.
    public var id: String
    /// Seconds since 1970.
    public var created: Int64
    /// The model's name for the client.
    public var model: String

    /// Makes an identity.
    public init(id: String, created: Int64, model: String) { (self.id, self.created, self.model) = (id, created, model) }
}
