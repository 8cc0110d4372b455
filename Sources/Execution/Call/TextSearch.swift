/// Finds any of a set of byte strings in a text, in one pass over it (Aho and Corasick, "Efficient string matching", 1975).
struct TextSearch: Sendable {
    /// A beginning of one string or more.
    private struct Node {
        /// The node of the longest beginning that is a proper end of this one.
        var fallback: Int32 = 0
        /// The length of the longest string that ends here; 0 when none does.
        var longest: Int32 = 0
    }

    private var nodes = [Node()]
    /// The node that a node and a byte lead to, by node × 256 + byte. The root's are in `first`.
    private var edges: [Int: Int32] = [:]
    private var first = [Int32](repeating: 0, count: 256)

    /// Prepares a search. Empty strings are left out.
    init(for patterns: [[UInt8]]) {
        for pattern in patterns where !pattern.isEmpty { insert(pattern) }
        linkFallbacks(patterns)
    }

    /// Whether there is nothing to find.
    var isEmpty: Bool { nodes.count == 1 }

    private func child(_ node: Int32, _ byte: UInt8) -> Int32? {
        if node != 0 { return edges[Int(node) << 8 | Int(byte)] }
        let child = first[Int(byte)]
        return child == 0 ? nil : child
    }

    private mutating func insert(_ pattern: [UInt8]) {
        var node: Int32 = 0
        for byte in pattern {
            if let known = child(node, byte) {
                node = known
                continue
            }
            let new = Int32(nodes.count)
            nodes.append(Node())
            if node == 0 { first[Int(byte)] = new } else { edges[Int(node) << 8 | Int(byte)] = new }
            node = new
        }
        nodes[Int(node)].longest = max(nodes[Int(node)].longest, Int32(pattern.count))
    }

    /// Shorter beginnings first: the fallback of a node is shorter than it, and must be linked by then.
    private mutating func linkFallbacks(_ patterns: [[UInt8]]) {
        var places = patterns.map { (pattern: $0, node: Int32(0)) }
        for depth in 0..<(patterns.map(\.count).max() ?? 0) {
            places.removeAll { $0.pattern.count <= depth }
            for index in places.indices {
                let byte = places[index].pattern[depth]
                let parent = places[index].node
                guard let node = child(parent, byte) else { continue }
                places[index].node = node
                guard depth > 0 else { continue }
                let fallback = step(nodes[Int(parent)].fallback, byte)
                nodes[Int(node)].fallback = fallback
                nodes[Int(node)].longest = max(nodes[Int(node)].longest, nodes[Int(fallback)].longest)
            }
        }
    }

    private func step(_ node: Int32, _ byte: UInt8) -> Int32 {
        var node = node
        while true {
            if let next = child(node, byte) { return next }
            if node == 0 { return 0 }
            node = nodes[Int(node)].fallback
        }
    }

    /// Where the strings occur, in order; those that overlap are one range.
    func occurrences(in text: [UInt8]) -> [Range<Int>] {
        guard !isEmpty else { return [] }
        var found: [Range<Int>] = []
        var node: Int32 = 0
        for (index, byte) in text.enumerated() {
            if node == 0, first[Int(byte)] == 0 { continue }
            node = step(node, byte)
            let length = Int(nodes[Int(node)].longest)
            guard length > 0 else { continue }
            var start = index + 1 - length
            while let last = found.last, last.upperBound > start {
                start = min(start, last.lowerBound)
                found.removeLast()
            }
            found.append(start..<(index + 1))
        }
        return found
    }
}
