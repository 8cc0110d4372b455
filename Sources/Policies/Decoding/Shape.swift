/// Which keys a mapping of a certain kind may have. One table for all kinds: what is valid, and what the contract names but this version does not do.
struct Shape {
    /// What errors call a mapping of this kind.
    let name: String
    let keys: [String]
    /// Keys that are refused with a sentence of their own, because ignoring them would change what the policy means.
    var unsupported: [String] = []
    /// Whether the value of an unknown key may be a misplaced secret.
    var hidesUnknownValues = false

    static let file = Shape(
        name: "a policy file", keys: ["providers", "models", "organizations"],
        unsupported: ["mcp_servers", "tests", "timezone", "classifier"])

    static let provider = Shape(
        name: "a provider",
        keys: ["kind", "base_url", "api_key", "headers", "ca_file", "proxy", "max_connections", "http2", "timeouts", "required"],
        unsupported: ["retry", "api_version", "region"], hidesUnknownValues: true)

    static let timeouts = Shape(name: "timeouts", keys: ["connect", "first_byte", "idle", "total"])

    static let model = Shape(
        name: "a model",
        keys: ["provider", "upstream_model", "price", "unpriced", "context_window", "max_output_tokens", "aliases"],
        unsupported: virtualModel)

    /// What makes a model a virtual one.
    static let virtualModel = ["route", "fallback", "hedge", "consensus", "workflow", "split", "prefer", "among"]

    static let price = Shape(name: "a price", keys: ["input", "cached_input", "cache_write", "output"])

    static let organization = Shape(name: "an organization", keys: ["teams"], unsupported: budgets + ["timezone"])

    static let team = Shape(name: "a team", keys: ["models", "keys", "teams"], unsupported: budgets + ["timezone", "mcp_servers"])

    private static let budgets = ["limits", "each_key", "each_user"]

    static let key = Shape(
        name: "a key", keys: ["name", "sha256", "models", "expires", "metadata"], unsupported: ["limits", "mcp_servers"],
        hidesUnknownValues: true)

    /// Kinds of provider that the contract names and this version does not speak.
    static let unsupportedProviderKinds = ["anthropic", "gemini", "azure", "bedrock"]
}
