internal import CLinux
internal import Glibc

/// Gives back what only the start needed.
enum ProcessMemory {
    /// Returns freed heap pages to the system, and unmaps program pages that nobody may need again: parsing policies and the command line
    /// touches far more code than serving does. What is needed comes back from the page cache at a touch.
    static func trim() {
        purser_trim_heap()
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
}
