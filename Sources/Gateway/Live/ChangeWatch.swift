internal import Glibc

/// Detects whether files have changed since the last check, by name, size, inode and time of change. Polling, not inotify: it works on
/// every file system, costs microseconds, and a delay of a second is acceptable for policies and certificates.
public struct ChangeWatch {
    private struct Stamp: Hashable {
        let name: String
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int
    }

    private let directory: String
    private let suffixes: [String]
    private var seen: Set<Stamp> = []

    /// Watches the files of `directory` whose names end in one of `suffixes`, as they are now.
    public init(directory: String, suffixes: [String]) {
        self.directory = directory
        self.suffixes = suffixes
        seen = look()
    }

    /// Whether something changed since the last call.
    public mutating func hasChanged() -> Bool {
        let now = look()
        defer { seen = now }
        return now != seen
    }

    private func look() -> Set<Stamp> {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var stamps: Set<Stamp> = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            var status = stat()
            guard suffixes.contains(where: name.hasSuffix), stat(directory + "/" + name, &status) == 0 else { continue }
            stamps.insert(
                Stamp(
                    name: name, inode: status.st_ino, size: status.st_size, seconds: status.st_mtim.tv_sec,
                    nanoseconds: status.st_mtim.tv_nsec))
        }
        return stamps
    }
}
