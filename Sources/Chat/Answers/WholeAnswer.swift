/// An answer that came in one piece, with its usage and what it cost.
public enum WholeAnswer: Sendable {
    /// A chat completion in OpenAI's dialect: the provider's own bytes but for the usage and what clients could not read.
    case chatCompletion([UInt8])
    /// One in no dialect.
    indirect case captured(CapturedAnswer)
}
