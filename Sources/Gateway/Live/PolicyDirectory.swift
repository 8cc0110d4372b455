internal import Glibc
public import Policies

/// Reads the policy files of a directory. The room `Policies` itself does no I/O.
public enum PolicyDirectory {
    /// Files larger than this are refused before they are read. 1 MiB is the compiler's own limit; one byte more lets it say so.
    private static let readLimit = 1 << 20 + 1

    /// Reads all `*.yaml` and `*.yml` files of `directory`, in the order of their names; or the one file that it is.
    /// - Throws: `PolicyReadError` naming the file that cannot be read.
    public static func read(_ directory: String) throws(PolicyReadError) -> [PolicyFile] {
        var files: [PolicyFile] = []
        for path in try paths(directory) { files.append(PolicyFile(path: path, bytes: try contents(of: path))) }
        return files
    }

    /// The paths of the files that ``read(_:)`` reads, in the same order. Hidden files are left out: editors keep their work in such.
    static func paths(_ directory: String) throws(PolicyReadError) -> [String] {
        guard let stream = opendir(directory) else {
            guard errno == ENOTDIR else { throw PolicyReadError(path: directory, number: errno) }
            return [directory]
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name.hasSuffix(".yaml") || name.hasSuffix(".yml"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted().map { directory + "/" + $0 }
    }

    /// A file that the policies of `directory` refer to; `nil` when it cannot be read or is too large.
    public static func contents(of resource: PolicyResource, in directory: String) -> [UInt8]? {
        switch resource {
        case .classifier(let path), .catalogue(let path):
            let bytes = try? contents(of: path.hasPrefix("/") ? path : folder(directory) + "/" + path, limit: resourceLimit + 1)
            return bytes.flatMap { $0.count <= resourceLimit ? $0 : nil }
        case .timeZone(let name): return try? contents(of: "/usr/share/zoneinfo/" + name)
        }
    }

    /// The directory that the policies are in, also when they are one file.
    public static func folder(_ path: String) -> String {
        guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else { return path }
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// The largest such file in bytes: a classifier's model has about 1 MB, a catalogue some 4 MB.
    private static let resourceLimit = 16 << 20

    private static func contents(of path: String, limit: Int = readLimit) throws(PolicyReadError) -> [UInt8] {
        // A pipe among the files would block signals and reloads until a process writes to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw PolicyReadError(path: path, number: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let file = fdopen(descriptor, "rb") else {
            close(descriptor)
            throw PolicyReadError(path: path, number: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = fread(&bytes, 1, limit, file)
        guard ferror(file) == 0 else { throw PolicyReadError(path: path, number: EIO) }
        return Array(bytes.prefix(count))
    }
}

/// A policy file, or their directory, that cannot be read.
public struct PolicyReadError: Error, Equatable, CustomStringConvertible {
    let path: String
    let number: Int32

    /// The path and the system's message.
    public var description: String { "cannot read \(path): \(String(cString: strerror(number)))" }
}
