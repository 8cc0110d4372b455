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
    /// A `.pem` file without its `.key`, or the other way round, is no pair, and a pair whose certificate names no host could never be
    /// chosen: both are left aside.
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

    /// How the files of all pairs are now. Follows symbolic links, so that a link turned to a renewed certificate is seen.
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

    /// The names in the directory; none if it cannot be read, which the default pair's error message then tells.
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

/// The state of a directory's files: equal stamps mean that nothing was changed in between.
struct DirectoryStamp: Equatable, Sendable {
    let files: [String: FileStamp]
}

/// What a file's change cannot leave as it was.
struct FileStamp: Equatable, Sendable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let modified: Int
    private let modifiedNanoseconds: Int
    /// Also moves when only the permissions or the link count change.
    private let changed: Int
    private let changedNanoseconds: Int

    /// `nil` if there is no such file.
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
