internal import Chat
internal import Core
internal import Glibc
internal import Ledger
internal import Policies

/// The result of one check of the policy files: their contents, and stamps that reveal later changes.
struct PolicyLook: Sendable {
    /// The attributes of one file; symbolic links are followed.
    struct Stamp: Hashable, Sendable {
        let path: String
        let device: UInt
        let inode: UInt
        /// In bytes.
        let size: Int
        /// Time of the last change of the content, in nanoseconds since 1970.
        let modified: Int64
        /// Time of the last change of content or attributes; no program can set it.
        let changed: Int64
    }

    let stamps: [Stamp]
    let files: [PolicyFile]
    /// SHA-256 over the names and contents of all files.
    let digest: KeyDigest
    /// When it was taken, in nanoseconds since 1970.
    private let taken: Int64

    init(stamps: [Stamp], files: [PolicyFile], at taken: Int64) {
        self.stamps = stamps
        self.files = files
        self.taken = taken
        var parts: [UInt8] = []
        for file in files {
            for bytes in [Array(file.path.utf8), file.bytes] {
                parts.append(contentsOf: bytes.withUnsafeBytes { KeyDigest.sha256(of: $0) }.bytes)
            }
        }
        digest = parts.withUnsafeBytes { KeyDigest.sha256(of: $0) }
    }

    /// Whether both checks found the same files with the same contents.
    func agrees(with other: PolicyLook) -> Bool { stamps == other.stamps && digest == other.digest }

    /// Whether every file had rested for a second when it was looked at. Clocks of file systems move in steps of milliseconds, so a change
    /// right after another may leave the same stamps.
    var isRested: Bool { stamps.allSatisfy { taken - max($0.modified, $0.changed) > 1_000_000_000 } }

    /// The files that seem to be cut off, compared with `before`: their bytes are the beginning of what they were, and they end within a
    /// line or with a key that has no value.
    func cutFiles(since before: PolicyLook) -> [String] {
        files.filter { file in
            guard let old = before.files.first(where: { $0.path == file.path }), file.bytes.count < old.bytes.count,
                old.bytes.starts(with: file.bytes)
            else { return false }
            return !Self.endsLine(file) || Self.endsWithKey(file)
        }.map(\.path)
    }

    /// Whether a file ends within a line and did not in `before`: it may not be whole yet.
    func mayBeUnfinished(since before: PolicyLook) -> Bool {
        files.contains { file in
            guard !Self.endsLine(file) else { return false }
            return before.files.first { $0.path == file.path }.map(Self.endsLine) ?? true
        }
    }

    private static func endsLine(_ file: PolicyFile) -> Bool { file.bytes.last == UInt8(ascii: "\n") }

    private static func endsWithKey(_ file: PolicyFile) -> Bool {
        file.bytes.last { ![UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " ")].contains($0) } == UInt8(ascii: ":")
    }
}

extension PolicyDirectory {
    /// The policy files of `directory` (or the one file that it is) and their stamps; `nil` when they changed while they were read.
    /// - Throws: `PolicyReadError` naming the file that cannot be read.
    static func look(_ directory: String) throws(PolicyReadError) -> PolicyLook? {
        let before = try stamps(directory)
        let files = try read(directory)
        let taken = now
        guard try stamps(directory) == before, files.map(\.path) == before.map(\.path) else { return nil }
        return PolicyLook(stamps: before, files: files, at: taken)
    }

    /// What the file system says of the files that ``read(_:)`` reads, in the same order.
    static func stamps(_ directory: String) throws(PolicyReadError) -> [PolicyLook.Stamp] {
        var stamps: [PolicyLook.Stamp] = []
        for path in try paths(directory) {
            var status = stat()
            guard stat(path, &status) == 0 else { throw PolicyReadError(path: path, number: errno) }
            stamps.append(
                PolicyLook.Stamp(
                    path: path, device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
                    modified: nanoseconds(status.st_mtim), changed: nanoseconds(status.st_ctim)))
        }
        return stamps
    }

    private static func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec) }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }
}
