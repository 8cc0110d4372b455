/// The origins whose pages may use the gateway from a browser.
public struct CrossOriginRules: Hashable, Sendable {
    /// Whether every origin is allowed.
    public let allowsAll: Bool
    private let origins: Set<String>

    init(_ origins: [String]) {
        allowsAll = origins.contains("*")
        self.origins = Set(origins)
    }

    /// Whether `origin`, as a browser writes it in the field `Origin`, is allowed.
    public func allows(_ origin: String) -> Bool { allowsAll || origins.contains(origin) || origins.contains(origin.lowercased()) }
}
