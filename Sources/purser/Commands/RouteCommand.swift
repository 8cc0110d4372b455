internal import ArgumentParser
internal import Chat
internal import Core
internal import Gateway
internal import Glibc
internal import Ledger
internal import Policies

struct RouteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "Say what a request would be decided to, and why, without calling anybody.",
        discussion: """
            Every provider counts as on, also those whose API key is not set here, and every model as healthy. \
            Exit status 1 when the request would be refused.
            """)

    @OptionGroup var options: PolicyOptions

    @Option(help: ArgumentHelp("The model to ask for; several with commas are a fallback order.", valueName: "name"))
    var model = "auto"

    @Option(help: ArgumentHelp("The ceiling of the request.", valueName: "usd"))
    var maxCost: String?

    @Option(help: ArgumentHelp("The limit of output tokens.", valueName: "n"))
    var maxTokens: Int64?

    @Option(help: ArgumentHelp("A tag of the request; repeatable.", valueName: "k=v"))
    var metadata: [String] = []

    @Option(help: ArgumentHelp("A header of the request; repeatable.", valueName: "name=value"))
    var header: [String] = []

    @Option(help: ArgumentHelp("The system prompt.", valueName: "text"))
    var system: String?

    @Option(help: "The request's user.")
    var user: String?

    @Option(help: ArgumentHelp("The team that asks, e.g. acme/research: only what it may use can be asked for.", valueName: "path"))
    var team: String?

    @Flag(help: "The request offers tools.")
    var tools = false

    @Flag(help: "The request holds images.")
    var images = false

    @Flag(help: "Print the purser object.")
    var json = false

    @Argument(help: ArgumentHelp("The user's message; - or nothing reads it from standard input.", valueName: "prompt"))
    var prompt: String?

    func validate() throws {
        _ = try ceiling()
        _ = try pairs(metadata, flag: "--metadata")
        _ = try pairs(header, flag: "--header")
        guard maxTokens.map({ $0 > 0 }) ?? true else { throw ValidationError("--max-tokens must be 1 or more.") }
    }

    func run() throws {
        let environment = ProcessEnvironment.all
        do {
            let policies = try PolicyStore.compile(options.policies, environment, assumesProvidersOn: true)
            noteProvidersThatAreOff(environment)
            let features = try features(policies.snapshot)
            let decision = try decide(features, policies.snapshot)
            show(decision.trace)
        } catch let error as PolicyLoadError {
            throw Terminal.cannotStart("the policies cannot be used:\n" + error.description)
        } catch let failure as DecisionFailure {
            show(failure.trace)
            Terminal.error("purser: \(failure.error.code.name): \(failure.error.publicMessage)")
            throw ExitStatus.no
        }
    }

    private func decide(_ features: RequestFeatures, _ snapshot: PolicySnapshot) throws -> Decision {
        guard let path = team else { return try snapshot.decide(features, allowed: ModelSet.everything, state: FreshTargetState()) }
        guard let team = snapshot.team(path) else { throw ValidationError("--team \(path): the policies have no such team.") }
        return try snapshot.decide(features, allowed: team, state: FreshTargetState())
    }

    private func features(_ snapshot: PolicySnapshot) throws -> RequestFeatures {
        var features = RequestFeatures(requestedModels: model.split(separator: ",").map { String($0) })
        guard !features.facts.models.isEmpty else { throw ValidationError("--model names no model.") }
        let conversation = SampleConversation(system: system, prompt: try promptText())
        features.measure(conversation)
        features.classification = conversation.classified(by: snapshot.classifier)
        features.facts.maxCost = try ceiling()
        features.facts.maxOutputTokens = maxTokens
        features.facts.metadata = try pairs(metadata, flag: "--metadata")
        features.headers = Dictionary(try pairs(header, flag: "--header").map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
        features.facts.user = user
        features.team = team
        features.facts.hasTools = tools
        features.facts.hasImages = images
        features.wallTime = WallTime.now.microseconds / 1_000_000
        return features
    }

    /// Notes on a terminal that the decision follows the policies, as if the API keys of all providers were set.
    private func noteProvidersThatAreOff(_ environment: [String: String]) {
        guard isatty(STDERR_FILENO) == 1, let snapshot = try? PolicyStore.compile(options.policies, environment).snapshot else { return }
        let off = snapshot.offProviders.map(\.name)
        if !off.isEmpty { Terminal.error("off on this machine, decided as if on: \(off.joined(separator: ", "))") }
    }

    private func show(_ trace: DecisionTrace) {
        guard json else { return Terminal.output(trace.text) }
        var bytes = Array("{".utf8)
        trace.appendJSONMembers(to: &bytes)
        Terminal.output(String(decoding: bytes, as: UTF8.self) + "}\n")
    }

    private func ceiling() throws -> NanoUSD? {
        guard let maxCost else { return nil }
        guard let amount = NanoUSD(decimal: maxCost), amount >= .zero else {
            throw ValidationError("--max-cost \(maxCost): expected an amount in USD such as 0.05.")
        }
        return amount
    }

    private func pairs(_ texts: [String], flag: String) throws -> [String: String] {
        var pairs: [String: String] = [:]
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("\(flag) \(text): expected NAME=VALUE.")
            }
            pairs[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return pairs
    }

    private func promptText() throws -> String {
        if let prompt, prompt != "-" { return prompt }
        guard let text = StandardInput.text(limit: 32 << 20) else { throw Terminal.cannotStart("standard input is larger than 32 MiB") }
        return text
    }
}
