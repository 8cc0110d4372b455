internal import ArgumentParser
internal import Chat
internal import Classifier
internal import Glibc

struct FitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit", abstract: "Learn the complexity score of your own pair of models.",
        discussion: """
            Reads JSON lines {"id","prompt","weak","strong"}: what the weak and the strong model achieved on a prompt, typically 0 or 1 each.
            Use the model with `purser classify --model FILE` or, in policies, with `classifier: FILE`.
            """)

    @Option(help: ArgumentHelp("JSON lines to learn from.", valueName: "file"))
    var train: String

    @Option(help: ArgumentHelp("The model to write.", valueName: "file"))
    var out: String

    @Option(help: ArgumentHelp("A model to start from, instead of the built-in one.", valueName: "file"))
    var base: String?

    func run() throws {
        do {
            let fit = try readRows()
            let outcome = try fit.learn(progress: Self.show)
            Self.clearProgress()
            try WholeFile.save(outcome.model, to: out)
            Terminal.error(Self.summary(fit.count, outcome, out))
        } catch let failure as JSONLineFailure {
            Terminal.error("purser fit: \(train): \(failure.description)")
            throw ExitStatus.no
        } catch let failure as ClassifierFitError {
            Terminal.error("purser fit: \(train): \(failure.description)")
            throw ExitStatus.no
        }
    }

    private func readRows() throws -> ComplexityFit {
        let descriptor = open(train, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Terminal.cannotStart("\(train) cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var fit = ComplexityFit(base: try base.map { try WholeFile.classifier($0) } ?? .builtIn)
        var lines = JSONLines(descriptor: descriptor)
        let reader = JSONReader()
        while let line = try lines.next() {
            do {
                try reader.read(line) { value throws(GatewayError) in try Self.add(value, to: &fit) }
            } catch {
                throw JSONLineFailure("line \(lines.lineNumber): \(error.publicMessage)")
            }
        }
        return fit
    }

    private static func add(_ line: JSONValue, to fit: inout ComplexityFit) throws(GatewayError) {
        guard let prompt = line["prompt"]?.stringBytes else {
            throw GatewayError(.invalidRequest, "\"prompt\" must be there, and a string.")
        }
        guard let weak = line["weak"]?.double, let strong = line["strong"]?.double else {
            throw GatewayError(.invalidRequest, "\"weak\" and \"strong\" must be there, and numbers.")
        }
        do {
            try fit.add(prompt: prompt, weak: weak, strong: strong)
        } catch {
            throw GatewayError(.invalidRequest, "\(error.description).")
        }
    }

    // MARK: What people see

    private static func show(_ progress: ComplexityFit.Progress) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        switch progress {
        case .tried(let number, let of): Terminal.progress("purser fit: cross-validation \(number) of \(of)")
        case .learning: Terminal.progress("purser fit: learning from all rows")
        }
    }

    private static func clearProgress() {
        if isatty(STDERR_FILENO) == 1 { Terminal.progress("") }
    }

    private static func summary(_ count: Int, _ outcome: ComplexityFit.Outcome, _ path: String) -> String {
        guard let apgr = outcome.apgr, let builtIn = outcome.builtInAPGR else {
            return "Learnt from \(count) rows, in which the strong model gains nothing on the whole. Written to \(path)."
        }
        return
            "Learnt from \(count) rows. APGR on rows not learnt from: \(rounded(apgr)) (built-in model: \(rounded(builtIn)), random: 0.500). Written to \(path)."
    }

    private static func rounded(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        let digits = String(abs(thousandths) % 1000)
        return "\(thousandths < 0 ? "-" : "")\(abs(thousandths) / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
