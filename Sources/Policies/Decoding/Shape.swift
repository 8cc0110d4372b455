/// The keys that a kind of mapping may have: valid ones, and known ones that this version does not support.
struct Shape {
    /// What errors call a mapping of this kind.
    let name: String
    let keys: [String]
    /// Keys that are refused with a message of their own, because ignoring them would change what the policy means.
    var unsupported: [String] = []
    /// Whether the value of an unknown key may be a misplaced secret.
    var hidesUnknownValues = false

    static let file = Shape(
        name: "a policy file",
        keys: ["providers", "models", "organizations", "tests", "timezone", "classifier", "catalogue", "ledger", "cors", "mcp_servers"])

    static let mcpServer = Shape(
        name: "an MCP server",
        keys: ["command", "env", "url", "headers", "ca_file", "timeout", "max_result_bytes", "idle_stop", "tools", "teams"],
        unsupported: ["price_per_call", "limits", "expose", "pin", "max_processes", "sampling", "elicitation", "auth"],
        hidesUnknownValues: true)

    static let mcpTools = Shape(name: "the tools of an MCP server", keys: ["allow", "deny"], unsupported: ["approve", "mode"])

    static let provider = Shape(
        name: "a provider",
        keys: [
            "kind", "base_url", "api_key", "api_version", "region", "access_key_id", "secret_access_key", "session_token", "headers",
            "ca_file", "proxy", "max_connections", "http2", "timeouts", "retry", "breaker", "required",
        ], hidesUnknownValues: true)

    static let timeouts = Shape(name: "timeouts", keys: ["connect", "first_byte", "idle", "total"])

    static let retry = Shape(name: "retry rules", keys: ["attempts", "on", "backoff"])

    static let breaker = Shape(
        name: "a breaker", keys: ["consecutive_failures", "failure_rate", "min_requests", "window", "cooldown"])

    static let model = Shape(
        name: "a model",
        keys: [
            "provider", "upstream_model", "price", "unpriced", "context_window", "max_output_tokens", "capabilities", "quality",
            "over_ceiling", "aliases",
        ])

    static let capabilities = Shape(name: "capabilities", keys: ["tools", "images", "structured_output"])

    static let virtualModel = Shape(
        name: "a virtual model", keys: strategies + ["prefer", "hedge", "over_ceiling", "aliases"], unsupported: unsupportedStrategies)

    /// The strategies: a virtual model has exactly one.
    static let strategies = ["route", "fallback", "split", "balance", "among"]
    private static let unsupportedStrategies = ["consensus", "workflow", "mcp_servers"]
    /// Every key that only a virtual model has.
    static let virtualKeys = strategies + unsupportedStrategies + ["prefer", "hedge"]

    static let rule = Shape(
        name: "a rule", keys: ["name", "when", "use", "among", "prefer", "fallback", "mcp_servers"] + callTerms)

    private static let callTerms = ["timeout", "max_output_tokens", "settings"]

    static let target = Shape(name: "a target", keys: ["use"] + callTerms)

    static let balancedTarget = Shape(name: "a target", keys: ["use", "weight", "priority"] + callTerms)

    static let balance = Shape(name: "a balance", keys: ["targets", "strategy", "affinity"])

    static let split = Shape(name: "a split", keys: ["experiment", "sticky", "arms"])

    static let arm = Shape(name: "an arm", keys: ["use", "weight"] + callTerms)

    static let hedge = Shape(name: "a hedge", keys: ["after"])

    static let test = Shape(name: "a test", keys: ["name", "given", "expect"])

    static let given = Shape(
        name: "what is given",
        keys: [
            "model", "prompt", "messages", "system", "metadata", "headers", "user", "team", "key", "session", "max_cost", "max_tokens",
            "tools", "images", "structured_output", "stream", "time", "budget_left", "input_tokens",
        ])

    static let message = Shape(name: "a message", keys: ["role", "content"])

    static let expect = Shape(
        name: "what is expected",
        keys: [
            "model", "models", "task", "complexity", "language", "rule", "route", "experiment", "arm", "refused", "excluded", "max_tokens",
        ])

    private static let tokenPrices = ["input", "cached_input", "cache_write", "cache_write_1h", "audio_input", "output", "audio_output"]

    static let price = Shape(name: "a price", keys: tokenPrices + ["long_context", "flex", "priority", "fast"])

    static let tierPrice = Shape(name: "the price of a tier", keys: tokenPrices + ["long_context"])

    static let longContextPrice = Shape(name: "the price of long inputs", keys: ["above"] + tokenPrices)

    private static let budget = ["limits", "each_key", "each_user", "timezone", "weight"]

    static let organization = Shape(name: "an organization", keys: budget + ["teams"])

    static let team = Shape(name: "a team", keys: ["models", "keys", "teams"] + budget, unsupported: ["mcp_servers"])

    static let key = Shape(
        name: "a key", keys: ["name", "sha256", "models", "expires", "limits", "metadata"], unsupported: ["mcp_servers"],
        hidesUnknownValues: true)

    static let limit = Shape(
        name: "a limit", keys: ["usd", "tokens", "requests", "concurrent", "per", "models", "soft", "webhook", "wait"],
        hidesUnknownValues: true)

    static let cors = Shape(name: "rules for other origins", keys: ["origins"])

    static let ledger = Shape(name: "the ledger's rules", keys: ["fail"])
}
