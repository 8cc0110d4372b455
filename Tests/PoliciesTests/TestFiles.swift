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

extension TestFiles {
    /// Time zone files as in tzdata: Berlin's current rule, which is all that the examples use.
    static func timeZone(_ resource: PolicyResource) -> [UInt8]? {
        guard case .timeZone(name: "Europe/Berlin") = resource else { return nil }
        return tzif(rule: "CET-1CEST,M3.5.0,M10.5.0/3")
    }

    /// A file of the time zone database, version 2: one type of time, no transitions, and a rule.
    static func tzif(rule: String, offset: Int32 = 3600, transitions: [(Int64, UInt8)] = [], offsets: [Int32] = []) -> [UInt8] {
        let types = [offset] + offsets
        func number(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
        func header(times: Int, types: Int) -> [UInt8] {
            Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
                + [0, 0, 0, times, types, 4].flatMap { number(Int32($0)) }
        }
        let first = header(times: 0, types: 1) + number(offset) + [0, 0] + Array("CET\0".utf8)
        var second = header(times: transitions.count, types: types.count)
        second += transitions.flatMap { number($0.0) } + transitions.map(\.1)
        second += types.flatMap { number($0) + [0, 0] as [UInt8] } + Array("CET\0".utf8)
        return first + second + Array("\n\(rule)\n".utf8)
    }
}
