import FoundationEssentials
import Policies

/// Files of the repository, found from where this source stands.
enum TestFiles {
    private static let here = URL(filePath: #filePath).deletingLastPathComponent()

    /// The YAML files of a folder relative to this source's, in the order of their names.
    static func policies(in folder: String) throws -> [PolicyFile] {
        let directory = here.appending(path: folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".yaml") }.sorted()
        return try names.map { PolicyFile(path: $0, bytes: Array(try Data(contentsOf: directory.appending(path: $0)))) }
    }
}
