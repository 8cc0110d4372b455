import Glibc
import Testing

@testable import HTTPServer

/// The fuzzer's seeds, as a regression test. A file's name says what must come of it: `ok-2-NAME.http` holds two whole requests,
/// `413-NAME.http` is refused with 413, `part-NAME.http` is a beginning of which nothing bad can be said.
@Suite struct CorpusTests {
    private static let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/Corpus/http1"

    static let files: [String] = {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) { String(cString: $0) }
            }
            if name.hasSuffix(".http") { names.append(name) }
        }
        return names.sorted()
    }()

    private func read(_ name: String) throws -> [UInt8] {
        let file = try #require(fopen(Self.folder + "/" + name, "rb"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }

    @Test func isThere() {
        #expect(Self.files.count >= 30)
    }

    @Test(arguments: files) func givesWhatItsNameSays(_ name: String) throws {
        let bytes = try read(name)
        let outcome = RequestStream.run(bytes)
        let words = name.split(separator: "-")
        if words[0] == "ok" {
            #expect(outcome.violation == nil)
            #expect(outcome.requests.count { $0.body != nil } == Int(words[1]))
        } else if words[0] == "part" {
            #expect(outcome.violation == nil)
            #expect(outcome.requests.last?.body == nil)
        } else {
            #expect(outcome.violation?.status == Int(words[0]))
        }
        #expect(RequestStream.run(bytes, cuts: Array(1..<max(1, bytes.count))) == outcome)
    }
}
