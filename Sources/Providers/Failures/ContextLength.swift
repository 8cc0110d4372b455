/// How servers say that a conversation is too long for the model. There is no common code: most say it in words only.
enum ContextLength {
    /// Whether an error's text, code or type says so.
    static func isExceeded(_ said: String) -> Bool {
        // Longer texts quote something, and the reason stands first.
        let text = said.prefix(8192).lowercased()
        return phrases.contains(where: text.hasPhrase) || pairs.contains { text.hasPhrase($0.0) && text.hasPhrase($0.1) }
    }

    /// Phrases that say nothing else, in lower case.
    private static let phrases: [String] = [
        // Codes and types: OpenAI, Azure, Groq; LiteLLM; llama.cpp.
        "context_length_exceeded", "contextwindowexceeded", "exceed_context_size", "context_window_exceeded", "prompt_too_long",
        // OpenAI, Azure, DeepSeek, OpenRouter, vLLM, SGLang, Ollama, Mistral.
        "maximum context length", "max context length", "exceeds the context window", "exceeds the context length",
        "input tokens exceed the configured limit",
        // vLLM, SGLang.
        "longer than the maximum model length", "exceeds the maximum model length", "longer than the model's context length",
        "exceeds the model's context length", "reduce the length of the input prompt",
        // Groq, Cerebras.
        "reduce the length of the messages",
        // llama.cpp, LM Studio.
        "exceeds the available context size", "context size exceeded", "exceed context size", "input is too large to process",
        "exceeds context size",
        "context the overflows", "greater than the context length",
        // Anthropic, Bedrock, Fireworks.
        "prompt is too long", "exceed context limit", "exceeds context limit", "input is too long", "too many input tokens",
        "input tokens exceeded",
        // Gemini, Vertex AI.
        "input token count",
        // Text Generation Inference, Together.
        "`inputs` must have less than", "`inputs` tokens + `max_new_tokens` must be", "inputs tokens + max_new_tokens must be",
        // xAI, Moonshot, Cohere, MiniMax, Qwen, Cloudflare, GitHub Models, Ollama.
        "maximum prompt length", "exceeded model token limit", "tokens in the prompt cannot exceed", "context window exceeds limit",
        "range of input length should be", "exceeded this model context window", "prompt too long; exceeded",
    ]

    /// Words that say it together.
    private static let pairs: [(String, String)] = [
        // Mistral: "Prompt contains 40000 tokens …, too large for model with 32768 maximum context length".
        ("prompt contains", "too large for model"),
        // GitHub Models: "prompt token count of 70000 exceeds the limit of 64000".
        ("prompt token count", "exceeds"),
        // llama.cpp: "input (9000 tokens) is larger than the max context size (4096 tokens)".
        ("larger than the max", "context size"),
        // Many gateways: "the request exceeds the model's context window of 8192 tokens".
        ("context window", "exceed"),
        ("context length", "exceed"),
        // SGLang: "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens)."
        ("input length", "exceeds the maximum"),
    ]
}
