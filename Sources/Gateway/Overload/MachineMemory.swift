/// The memory that the machine and the control groups allow the process.
public struct MachineMemory {
    private let read: (String) -> String?

    /// Looks at the machine through `read`, which gives the text of a file, or `nil` when it cannot be read.
    public init(read: @escaping (String) -> String?) { self.read = read }

    /// What the machine has or the process's control groups allow, whichever is less, in bytes; `nil` when neither can be read.
    public var available: Int? { (controlGroupLimits + [machine].compactMap(\.self)).min() }

    /// `MemTotal` of `/proc/meminfo` (proc(5)), which counts in KiB.
    private var machine: Int? {
        guard let line = read("/proc/meminfo")?.split(separator: "\n").first(where: { $0.hasPrefix("MemTotal:") }) else { return nil }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.flatMap { $0 > Int.max >> 10 ? nil : $0 << 10 }
    }

    /// The limits of every memory group from the process's own up: each binds. Both hierarchies are looked at, since both may be mounted.
    private var controlGroupLimits: [Int] {
        guard let groups = read("/proc/self/cgroup"), let mounts = read("/proc/self/mountinfo") else { return [] }
        let ownGroups = groups.split(separator: "\n").compactMap { ControlGroup($0) }
        return mounts.split(separator: "\n").compactMap { ControlGroupMount($0) }.flatMap { mount in
            ownGroups.filter { $0.isUnified == mount.isUnified }.flatMap { limits(of: $0, in: mount) }
        }
    }

    private func limits(of group: ControlGroup, in mount: ControlGroupMount) -> [Int] {
        mount.directories(of: group.path).compactMap { directory in
            // A group without a limit says "max", or in version 1 a number near the greatest there is.
            read("\(directory)/\(mount.limitFile)").flatMap { Int($0.prefix { $0 != "\n" }) }
        }.filter { $0 > 0 }
    }
}

/// A line of `/proc/self/cgroup` (cgroups(7)) that matters to memory: `0::/path` in version 2, `4:memory:/path` in version 1.
private struct ControlGroup {
    let isUnified: Bool
    let path: String

    init?(_ line: Substring) {
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        isUnified = parts[1].isEmpty
        path = String(parts[2])
        guard isUnified || parts[1].split(separator: ",").contains("memory") else { return nil }
    }
}

/// A line of `/proc/self/mountinfo` (proc(5)) that mounts the memory groups of one of the two versions:
/// `ID PARENT DEVICE ROOT POINT OPTIONS [TAGS…] - TYPE SOURCE OPTIONS`.
private struct ControlGroupMount {
    let isUnified: Bool
    /// The group that is mounted, and where.
    private let root, point: String

    init?(_ line: Substring) {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { return nil }
        isUnified = fields[dash + 1] == "cgroup2"
        let isMemory = fields[dash + 1] == "cgroup" && fields[dash + 3].split(separator: ",").contains("memory")
        guard isUnified || isMemory else { return nil }
        root = String(fields[3])
        point = String(fields[4])
    }

    var limitFile: String { isUnified ? "memory.max" : "memory.limit_in_bytes" }

    /// The directories of the group at `path` and of all above it. A path that does not lie below what is mounted is one of another
    /// namespace: then the mounted group is the process's own, as in most containers.
    func directories(of path: String) -> [String] {
        let prefix = root == "/" ? "" : root
        guard path == root || path.hasPrefix(prefix + "/"), !path.contains("/..") else { return [point] }
        var below = path.dropFirst(prefix.count).split(separator: "/")
        var directories: [String] = []
        while true {
            directories.append(([point[...]] + below).joined(separator: "/"))
            if below.popLast() == nil { return directories }
        }
    }
}
