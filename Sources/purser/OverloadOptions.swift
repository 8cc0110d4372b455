internal import ArgumentParser
internal import Gateway

/// The options that bound how much the gateway takes on at once.
struct OverloadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Requests that may be under way at once; what is above gets 503. Default: 10000.", valueName: "n"))
    var maxRequests: Int?

    @Option(
        help: ArgumentHelp("The same for all keys of a team. Default: four times as many as there are places free.", valueName: "n"))
    var maxRequestsPerTeam: Int?

    @Option(help: ArgumentHelp("The same for one client key. Default: three times as many as there are places free.", valueName: "n"))
    var maxRequestsPerKey: Int?

    @Option(
        help: ArgumentHelp(
            "JSON values (objects, arrays, texts, numbers) that one body may have; what has more gets 413. Default: 200000.", valueName: "n"
        ))
    var maxJSONValues: Int?

    @Option(
        help: ArgumentHelp(
            "Memory the process may take, e.g. 2GiB; what does not fit gets 503. Default: 80 % of the machine's memory, or of the control group's if that is less.",
            valueName: "size"))
    var maxMemory: String?

    /// - Throws: `ValidationError` when the flag or the environment variable is invalid.
    func requests() throws -> Int {
        let bound = maxRequests ?? Int(environmentDefault("MAX_REQUESTS", "")) ?? 10_000
        guard (1...10_000_000).contains(bound) else { throw ValidationError("--max-requests must be between 1 and 10000000.") }
        return bound
    }

    /// The most requests under way of one key; `nil`: its share.
    /// - Throws: `ValidationError` when the flag or the environment variable is invalid.
    func requestsPerKey() throws -> Int? {
        try share(maxRequestsPerKey ?? Int(environmentDefault("MAX_REQUESTS_PER_KEY", "")), "--max-requests-per-key")
    }

    /// `nil`: a team has its share.
    /// - Throws: `ValidationError` when the flag or the environment says something impossible.
    func requestsPerTeam() throws -> Int? {
        try share(maxRequestsPerTeam ?? Int(environmentDefault("MAX_REQUESTS_PER_TEAM", "")), "--max-requests-per-team")
    }

    private func share(_ bound: Int?, _ name: String) throws -> Int? {
        guard let bound else { return nil }
        guard (1...10_000_000).contains(bound) else { throw ValidationError("\(name) must be between 1 and 10000000.") }
        return bound
    }

    /// - Throws: `ValidationError` when the flag or the environment variable is invalid.
    func jsonValues() throws -> Int {
        let bound = maxJSONValues ?? Int(environmentDefault("MAX_JSON_VALUES", "")) ?? 200_000
        guard (100...10_000_000).contains(bound) else { throw ValidationError("--max-json-values must be between 100 and 10000000.") }
        return bound
    }

    /// The bound on memory in bytes.
    /// - Throws: `ValidationError` when the flag or the environment variable is invalid.
    func memory() throws -> Int {
        let text = maxMemory ?? environmentDefault("MAX_MEMORY", "")
        if text.isEmpty { return max(MemoryBudget.least, (ProcessMemory.available ?? Self.assumed) / 100 * 80) }
        guard let bytes = MemorySize.bytes(text) else {
            throw ValidationError("--max-memory \(text) is no size: give a whole number with a unit, such as 512MiB or 2GiB.")
        }
        guard bytes >= MemoryBudget.least else {
            throw ValidationError("--max-memory must be at least \(MemorySize.text(MemoryBudget.least)): less holds no gateway.")
        }
        return bytes
    }

    /// The memory, in bytes, that is assumed when the machine's is not known.
    private static let assumed = 2 << 30
}
