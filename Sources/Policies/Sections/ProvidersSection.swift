/// The `providers:` of all files.
struct ProvidersSection {
    enum State {
        case on(Provider)
        case off(reason: String)
        /// The provider has errors, which are reported.
        case broken
    }

    /// The names in the order of files and lines.
    private(set) var names: [String] = []
    private(set) var states: [String: State] = [:]

    /// - Parameter assumesOn: whether providers with missing variables are on, for decisions without calls.
    init(_ section: Section, environment: [String: String], assumesOn: Bool) {
        for entry in section.entries {
            names.append(entry.name)
            states[entry.name] =
                entry.hasValidName("provider") ? ProviderDecoder.decode(entry, environment: environment, assumesOn: assumesOn) : .broken
        }
    }
}
