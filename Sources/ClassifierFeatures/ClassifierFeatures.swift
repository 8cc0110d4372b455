internal import Chat
internal import Classifier
internal import Core
internal import Glibc

/// Writes the features of prompts for the training scripts: JSON lines {"id","prompt"} in, {"id","rows","ends","numbers"} out.
/// With `--timing` it measures the time of classification instead.
@main
struct ClassifierFeatures {
    static func main() {
        if CommandLine.arguments.contains("--timing") { return Timing.run() }
        let reader = JSONReader()
        var number = 0
        while let line = readLine() {
            number += 1
            var output: [UInt8] = []
            do {
                try reader.read(Array(line.utf8)) { value throws(GatewayError) in
                    guard let id = value["id"]?.string, let prompt = value["prompt"]?.stringBytes else {
                        throw GatewayError(.invalidRequest, "\"id\" and \"prompt\" must be strings.")
                    }
                    append(id, ClassifierTraining.features(of: prompt), to: &output)
                }
            } catch {
                write(Array("line \(number): \(error.publicMessage)\n".utf8), to: STDERR_FILENO)
                exit(1)
            }
            output.append(10)
            write(output, to: STDOUT_FILENO)
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func append(_ id: String, _ features: ClassifierTraining.Features, to output: inout [UInt8]) {
        output.append("{\"id\":")
        output.appendJSONString(id)
        output.append(",\"rows\":")
        append(features.rows.map(Int64.init), to: &output)
        output.append(",\"ends\":")
        append(features.sectionEnds.map(Int64.init), to: &output)
        output.append(",\"numbers\":")
        append(features.numbers.map(Int64.init), to: &output)
        output.append("}")
    }

    private static func append(_ values: [Int64], to output: inout [UInt8]) {
        output.append("[")
        for (index, value) in values.enumerated() {
            if index > 0 { output.append(",") }
            output.appendJSONNumber(value)
        }
        output.append("]")
    }
}
