internal import CLinux
internal import Gateway
internal import Glibc

/// The memory of the process.
enum ProcessMemory {
    /// Makes the allocator return large buffers to the system as soon as they are freed. By default the C library stops doing so for sizes
    /// that were freed once, up to 32 MiB, and a burst of large bodies then leaves a fragmented heap.
    static func prepare() { purser_map_large_buffers(1 << 20) }

    /// Returns freed heap pages to the system.
    static func trimHeap() { purser_trim_heap() }

    /// The memory that the machine and the control groups allow the process, in bytes.
    static var available: Int? { MachineMemory(read: textFile).available }

    /// Frees memory that only the start needed: returns freed heap pages to the system, and unmaps the pages of the program's code, because
    /// parsing policies and the command line touches far more code than serving does. Pages that are needed again come from the page cache.
    static func trim() {
        trimHeap()
        guard let maps = fopen("/proc/self/maps", "r") else { return }
        defer { fclose(maps) }
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, Int32(line.count), maps) != nil {
            let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
            // Code alone: it is never written, so dropping its pages loses nothing.
            guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { continue }
            let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2, bounds[1] > bounds[0] else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: bounds[0]), Int(bounds[1] - bounds[0]), MADV_DONTNEED)
        }
    }

    private static func textFile(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
