/// What a provider takes in a prompt. `PromptBuilder` makes every prompt fit it.
struct PromptRules {
    /// What becomes of a conversation that ends with the assistant's words.
    enum Prefill {
        /// The model goes on from them.
        case kept
        /// The model goes on from them, and they must not end in white space.
        case trimmed
        /// The model refuses them: a short request to go on follows.
        case answered
    }

    /// The letters and the length of calls' ids; `nil`: calls have none.
    var ids: NameRule?
    var media: MediaRules
    /// Whether texts of white space are taken.
    var takesBlankTexts = false
    /// Whether tools that the conversation has used must be declared though the request offers none.
    var declaresUsedTools = false
    /// Whether calls can be forbidden although tools are declared.
    var forbidsCalls = true
    /// Whether results must stand in the order of their calls.
    var sortsResults = false
    /// What is taken of marks for the prompt cache; `nil`: none.
    var cache: CacheRule?
    /// Whether thoughts come back as blocks of their own.
    var takesThoughts = false
    /// Whether signatures of thoughts come back on calls and texts.
    var takesSignatures = false
    /// Whether an assistant's message may hold media.
    var takesAssistantMedia = false
    /// Whether a result may be empty where it tells no error.
    var takesEmptyResults = true
    /// Whether a result that tells an error may hold media.
    var takesMediaInErrors = false
    /// Whether a document needs a text beside it.
    var wantsTextByDocuments = false
    /// Whether the model is asked in words for one call at a time when the client wants no more.
    var asksForOneCall = false
    /// Whether instructions alone are said as the user's.
    var saysLoneSystem = false
    var prefill: Prefill
}
