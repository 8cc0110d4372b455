internal import ArgumentParser
internal import Chat
internal import Classifier
internal import Core
internal import Glibc

struct ClassifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify", abstract: "Tell the task and the complexity of prompts.",
        discussion: """
            Reads JSON lines {"id","prompt"} (and optionally "system") from standard input, writes {"id","task","complexity_score","complexity","language"} lines.
            """)

    @Option(help: ArgumentHelp("A model that `purser fit` made, instead of the built-in one.", valueName: "file"))
    var model: String?

    func run() throws {
        let classifier = try model.map { try WholeFile.classifier($0) } ?? Classifier.builtIn
        let reader = JSONReader()
        var lines = JSONLines(descriptor: STDIN_FILENO)
        var output: [UInt8] = []
        defer { Terminal.output(output) }
        do {
            while let line = try lines.next() {
                do {
                    try reader.read(line) { value throws(GatewayError) in try Self.classify(value, classifier, into: &output) }
                } catch {
                    throw JSONLineFailure("line \(lines.lineNumber): \(error.publicMessage)")
                }
                if output.count > 1 << 15 {
                    Terminal.output(output)
                    output.removeAll(keepingCapacity: true)
                }
            }
        } catch let failure as JSONLineFailure {
            Terminal.output(output)
            output = []
            Terminal.error("purser classify: \(failure.description)")
            throw ExitStatus.no
        }
    }

    private static func classify(_ line: JSONValue, _ classifier: Classifier, into output: inout [UInt8]) throws(GatewayError) {
        guard line.kind == .object else { throw GatewayError(.invalidRequest, "Each line must be an object {\"id\": …, \"prompt\": …}.") }
        guard let prompt = line["prompt"]?.stringBytes else {
            throw GatewayError(.invalidRequest, "\"prompt\" must be there, and a string.")
        }
        var system = UnsafeRawBufferPointer(start: nil, count: 0)
        if let value = line["system"], !value.isNull {
            guard let bytes = value.stringBytes else { throw GatewayError(.invalidRequest, "\"system\" must be a string.") }
            system = bytes
        }
        guard let id = line["id"], id.stringBytes != nil || id.int64 != nil else {
            throw GatewayError(.invalidRequest, "\"id\" must be there, and a string or a whole number.")
        }
        let result = classifier.classify(ClassifierInput(system: system, lastUser: prompt, userTurns: 1))
        output.append("{\"id\":")
        if let text = id.stringBytes { output.appendJSONString(text) }
        if let number = id.int64 { output.appendJSONNumber(number) }
        output.append(",\"task\":\"")
        output.append(contentsOf: result.task.rawValue.utf8)
        output.append("\",\"complexity_score\":")
        output.append(contentsOf: "\(result.complexityScore)".utf8)
        output.append(",\"complexity\":\"")
        output.append(contentsOf: result.complexity.rawValue.utf8)
        output.append("\",\"language\":")
        output.appendJSONString(result.language)
        output.append("}\n")
    }
}
