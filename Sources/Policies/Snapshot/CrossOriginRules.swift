/// Which pages may use the gateway from a browser.
public struct CrossOriginRules: Hashable, Sendable {
    /// Whether every origin may.
    public let allowsAll: Bool
    private let origins: Set<String>

    init(_ origins: [String]) {
        allowsAll = origins.contains("*")
        self.origins = Set(origins)
    }

    /// Whether pages of `origin`, as a browser writes it in the field `Origin`, may.
    public func allows(_ origin: String) -> Bool { allowsAll || origins.contains(origin) || origins.contains(origin.lowercased()) }
}
