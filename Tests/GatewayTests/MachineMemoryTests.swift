import Testing

@testable import Gateway

@Suite struct MachineMemoryTests {
    private static let memory = """
        MemTotal:       24684360 kB
        MemFree:        19823436 kB
        MemAvailable:   23829036 kB

        """
    private static let machine = 24_684_360 * 1_024

    private func available(_ files: [String: String]) -> Int? {
        MachineMemory { files[$0] ?? ($0 == "/proc/meminfo" ? Self.memory : nil) }.available
    }

    @Test func withoutControlGroupsTheMachineCounts() { #expect(available([:]) == Self.machine) }

    @Test func whatCannotBeReadCountsForNothing() {
        #expect(MachineMemory { _ in nil }.available == nil)
        #expect(MachineMemory { _ in "" }.available == nil)
        #expect(MachineMemory { $0 == "/proc/meminfo" ? "MemTotal: 99999999999999999999 kB\n" : nil }.available == nil)
        #expect(MachineMemory { $0 == "/proc/meminfo" ? "MemTotal: \(Int.max) kB\n" : nil }.available == nil)
    }

    /// A systemd service on a machine with version 2 alone: its own limit, and that of the slice above.
    @Test func everyGroupAboveBindsToo() {
        let files = [
            "/proc/self/cgroup": "0::/system.slice/purser.service\n",
            "/proc/self/mountinfo": """
            22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
            28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
            31 22 0:27 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot

            """,
            "/sys/fs/cgroup/system.slice/purser.service/memory.max": "2147483648\n",
        ]
        #expect(available(files) == 2 << 30)
        #expect(available(files.merging(["/sys/fs/cgroup/system.slice/memory.max": "1073741824\n"]) { $1 }) == 1 << 30)
        #expect(available(files.merging(["/sys/fs/cgroup/system.slice/purser.service/memory.max": "max\n"]) { $1 }) == Self.machine)
        #expect(available(files.merging(["/sys/fs/cgroup/system.slice/purser.service/memory.max": "0\n"]) { $1 }) == Self.machine)
    }

    /// A container with a namespace of its own sees itself at the root.
    @Test func aContainerOfVersion2() {
        let files = [
            "/proc/self/cgroup": "0::/\n",
            "/proc/self/mountinfo": "611 605 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n",
            "/sys/fs/cgroup/memory.max": "536870912\n",
        ]
        #expect(available(files) == 512 << 20)
    }

    /// A container without one sees the host's path, and its own group mounted.
    @Test func aContainerOfVersion1() {
        let id = "/docker/3b5e0a9f6f0c4d5e8a7b"
        let files = [
            "/proc/self/cgroup": "12:pids:\(id)\n9:memory:\(id)\n4:cpu,cpuacct:\(id)\n1:name=systemd:\(id)\n",
            "/proc/self/mountinfo": """
            1008 1003 0:33 \(id) /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev,noexec,relatime master:16 - cgroup cgroup rw,cpu,cpuacct
            1011 1003 0:34 \(id) /sys/fs/cgroup/memory ro,nosuid,nodev,noexec,relatime master:17 - cgroup cgroup rw,memory

            """,
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "805306368\n",
            "/sys/fs/cgroup/cpu,cpuacct/memory.limit_in_bytes": "1\n",
        ]
        #expect(available(files) == 768 << 20)
    }

    /// Version 1 says "no limit" with a number, and may stand beside an empty version 2.
    @Test func bothVersions() {
        let files = [
            "/proc/self/cgroup": "9:name=systemd:/\n8:pids:/\n4:memory:/batch/19207364\n3:cpuset:/\n0::/\n",
            "/proc/self/mountinfo": """
            31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

            """,
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/memory/batch/19207364/memory.limit_in_bytes": "9223372036854771712\n",
        ]
        #expect(available(files) == Self.machine)
        #expect(available(files.merging(["/sys/fs/cgroup/memory/batch/memory.limit_in_bytes": "4294967296\n"]) { $1 }) == 4 << 30)
    }

    @Test(arguments: ["/../other", "/elsewhere/group"])
    func aPathOfAnotherNamespaceMeansTheMountedGroup(path: String) {
        let files = [
            "/proc/self/cgroup": "0::\(path)\n",
            "/proc/self/mountinfo": "611 605 0:27 /mine /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
            "/sys/fs/cgroup/memory.max": "1073741824\n", "/sys/fs/cgroup/../other/memory.max": "1\n",
        ]
        #expect(available(files) == 1 << 30)
    }

    @Test(arguments: ["", "x", "0:", "::", "1 2 3", "1 2 3 4 5 - cgroup2", "a b c / /x o - cgroup2 c", String(repeating: "- ", count: 40)])
    func brokenLinesAreLeftOut(line: String) {
        #expect(available(["/proc/self/cgroup": line + "\n", "/proc/self/mountinfo": line + "\n"]) == Self.machine)
    }
}

@Suite struct MemorySizeTests {
    @Test(arguments: [
        ("2GiB", 2 << 30), ("2gib", 2 << 30), ("2G", 2 << 30), ("2Gi", 2 << 30), ("512 MiB", 512 << 20), ("64m", 64 << 20),
        ("1TiB", 1 << 40), ("3KiB", 3_072), ("3KB", 3_000), ("1500MB", 1_500_000_000), ("2GB", 2_000_000_000), ("1tb", 1_000_000_000_000),
        ("0", 0), ("123456789", 123_456_789), ("7B", 7),
    ])
    func amounts(text: String, bytes: Int) { #expect(MemorySize.bytes(text) == bytes) }

    @Test(arguments: [
        "", "GiB", "-1", "+1", "1.5GiB", "2 G i B", "2GiBB", "2X", "2Kib ", "9223372036854775808", "9999999999TiB", "0x10", "٢GiB",
        "2GiB\n",
        "max", "80%",
    ])
    func whatIsNone(text: String) { #expect(MemorySize.bytes(text) == nil) }

    @Test(arguments: [
        (0, "0B"), (1_023, "1023B"), (1_024, "1KiB"), (1 << 30, "1GiB"), (3 << 29, "1.5GiB"), (20_616_843_264, "19.2GiB"),
        ((1 << 30) - 1, "1024MiB"), (Int.max, "8388608TiB"), (-5, "0B"),
    ])
    func readable(bytes: Int, text: String) { #expect(MemorySize.text(bytes) == text) }
}
