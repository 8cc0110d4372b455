/// Finds the certificate for a host name.
struct HostNameTable: Sendable {
    private var exact: [String: Int] = [:]
    /// Certificates of wildcard names, by what follows `*` (with the dot).
    private var wildcards: [String: Int] = [:]

    /// - Parameter names: the host names of each certificate, in lower case. Of two with the same name the later one is used.
    init(_ names: [[String]]) {
        for (index, names) in names.enumerated() {
            for name in names {
                if name.hasPrefix("*.") { wildcards[String(name.dropFirst())] = index } else { exact[name] = index }
            }
        }
    }

    /// The certificate for `name`: in any case, with or without the root's dot; `*` stands for exactly one label. `nil` if there is none.
    func index(for name: String) -> Int? {
        var name = name.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if let index = exact[name] { return index }
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return nil }
        return wildcards[String(name[dot...])]
    }
}
