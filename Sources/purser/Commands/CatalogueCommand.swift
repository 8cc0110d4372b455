internal import ArgumentParser
internal import Gateway
internal import Policies

struct CatalogueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalogue", abstract: "Prices and limits of known models: bring in newer ones, compare.",
        subcommands: [UpdateCommand.self, DiffCommand.self])

    struct UpdateCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Write a catalogue for the policies from a file of genai-prices or LiteLLM.",
            discussion: """
                FILE is genai-prices' data.json, LiteLLM's model_prices_and_context_window.json, or a catalogue of Purser's. What it does not say of a \
                model is taken from the catalogue that ships. Running gateways take it on when a policy names it (catalogue: catalogue.json).
                """)

        @Argument(help: "The file with newer prices.") var file: String
        @OptionGroup var options: PolicyOptions
        @Option(help: "Where to write it; by default catalogue.json beside the policies.") var out: String?

        func run() throws {
            let catalogue = try CatalogueCommand.read(file)
            let path = out ?? PolicyDirectory.folder(options.policies) + "/catalogue.json"
            let changes = CatalogueDiff(from: .shipped, to: catalogue)
            print(changes.text, terminator: "")
            try WholeFile.save(catalogue.fileContent, to: path)
            print("\(catalogue.models.count) models in \(path), \(changes.summary) compared with the catalogue that ships.")
            print("A policy puts it in force with the line  catalogue: \(path.split(separator: "/").last ?? "")  .")
        }
    }

    struct DiffCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff", abstract: "Show what differs from the catalogue in force.",
            discussion:
                "Compares FILE with the catalogue that the policies have in force; without FILE, that one with the one that ships. Exit status 1: they differ."
        )

        @Argument(help: "A file as for update.") var file: String?
        @OptionGroup var options: PolicyOptions

        func run() throws {
            let inForce: Catalogue
            do throws(PolicyLoadError) {
                inForce = try PolicyStore.compile(options.policies, ProcessEnvironment.all, assumesProvidersOn: true).snapshot.catalogue
            } catch {
                Terminal.error(error.description)
                throw ExitStatus.no
            }
            let changes =
                try file.map { CatalogueDiff(from: inForce, to: try CatalogueCommand.read($0)) }
                ?? CatalogueDiff(from: .shipped, to: inForce)
            print(changes.textOfNew + changes.text, terminator: "")
            print(changes.isEmpty ? "No difference." : changes.summary)
            if !changes.isEmpty { throw ExitStatus.no }
        }
    }

    private static func read(_ path: String) throws -> Catalogue {
        let content = try WholeFile.read(path)
        do throws(CatalogueError) { return try CatalogueFile.read(content) } catch {
            throw Terminal.cannotStart("\(path): \(error.description)")
        }
    }
}
