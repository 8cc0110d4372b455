internal import ArgumentParser
internal import Gateway

/// The options for requests with an `Idempotency-Key`.
struct IdempotencyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Seconds for which an answer to a request with an Idempotency-Key can be had again. Default: 600.", valueName: "s"))
    var idempotencyKeep: Int?

    @Option(help: ArgumentHelp("Memory for such answers in MiB, all together. Default: 64.", valueName: "mib"))
    var idempotencyMemory: Int?

    /// - Throws: `ValidationError`.
    func limits() throws -> IdempotencyLimits {
        let keep = idempotencyKeep ?? Int(environmentDefault("IDEMPOTENCY_KEEP", "600")) ?? 600
        let memory = idempotencyMemory ?? Int(environmentDefault("IDEMPOTENCY_MEMORY", "64")) ?? 64
        guard (0...86_400).contains(keep) else { throw ValidationError("--idempotency-keep must be between 0 and 86400.") }
        guard (0...65_536).contains(memory) else { throw ValidationError("--idempotency-memory must be between 0 and 65536.") }
        var limits = IdempotencyLimits()
        limits.keep = .seconds(keep)
        limits.totalBytes = memory << 20
        return limits
    }
}
