internal import Glibc

/// A directory of certificates and keys.
struct CertificateDirectory: Sendable {
    /// The name of the default pair.
    static let defaultName = "server"
    /// The name of the development CA's pair, which no server uses.
    static let authorityName = "ca"

    let path: String

    func certificateFile(_ name: String) -> String { "\(path)/\(name).pem" }
    func keyFile(_ name: String) -> String { "\(path)/\(name).key" }

    /// Reads every pair, the default one first, the others by name.
    ///
    /// Ignored are a `.pem` file without its `.key` (or the reverse), and a pair whose certificate names no host, which could never be
    /// chosen.
    func loadPairs() throws(TLSConfigurationError) -> [CertificatePair] {
        var pairs = [try loadPair(Self.defaultName)]
        for name in furtherNames() {
            let pair = try loadPair(name)
            if !pair.hostNames.isEmpty { pairs.append(pair) }
        }
        return pairs
    }

    func loadPair(_ name: String) throws(TLSConfigurationError) -> CertificatePair {
        try CertificatePair(name: name, certificateFile: certificateFile(name), keyFile: keyFile(name))
    }

    /// The current state of the files of all pairs. Follows symbolic links, so that a link to a renewed certificate is noticed.
    func stamp() -> DirectoryStamp {
        var files: [String: FileStamp] = [:]
        for name in [Self.defaultName] + furtherNames() {
            files[name + ".pem"] = FileStamp(certificateFile(name))
            files[name + ".key"] = FileStamp(keyFile(name))
        }
        return DirectoryStamp(files: files)
    }

    private func furtherNames() -> [String] {
        let files = Set(entries())
        return files.filter { $0.hasSuffix(".pem") && !$0.hasPrefix(".") }.map { String($0.dropLast(4)) }
            .filter { files.contains($0 + ".key") && $0 != Self.defaultName && $0 != Self.authorityName }
            .sorted()
    }

    /// The names in the directory; empty if it cannot be read: then reading the default pair reports the error.
    private func entries() -> [String] {
        guard let handle = opendir(path) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }
}

/// The state of a directory's files: equal stamps mean that nothing has changed.
struct DirectoryStamp: Equatable, Sendable {
    let files: [String: FileStamp]
}

/// Properties of a file of which at least one differs after a change.
struct FileStamp: Equatable, Sendable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let modified: Int
    private let modifiedNanoseconds: Int
    /// The time of the last status change: it also changes with the permissions and the link count.
    private let changed: Int
    private let changedNanoseconds: Int

    /// The stamp of a file; `nil` if it does not exist.
    init?(_ path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        device = UInt(facts.st_dev)
        inode = UInt(facts.st_ino)
        size = Int(facts.st_size)
        modified = Int(facts.st_mtim.tv_sec)
        modifiedNanoseconds = Int(facts.st_mtim.tv_nsec)
        changed = Int(facts.st_ctim.tv_sec)
        changedNanoseconds = Int(facts.st_ctim.tv_nsec)
    }
}
